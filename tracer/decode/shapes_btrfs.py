"""How the structures of btrfs print: see tracer.decode.shapes."""
from __future__ import annotations

_BALANCE = "data ? flags & 1; meta ? flags & 4; sys ? flags & 2"


SHAPES: dict[str, str] = {
    "btrfs_vol_args_v2.in": "fd; flags; size ? flags & 4; qgroup_inherit ? flags & 4; name",
    "btrfs_vol_args_v2.out": "transid",
    "btrfs_qgroup_inherit": "flags; num_qgroups; num_ref_copies; num_excl_copies; lim; "
                            "... ? abbrev; qgroups=_qgroups tail(u64, num_qgroups) ? full",
    "btrfs_quota_rescan_args.set": "flags",
    "btrfs_scrub_args.in": "devid; start; end; flags",
    "btrfs_scrub_args.id": "devid",
    "btrfs_scrub_args.out": "progress",
    "btrfs_dev_info_args.in": "devid; uuid ? uuid",
    "btrfs_dev_info_args.out": "uuid ? uuid; bytes_used; total_bytes; path",
    "btrfs_fs_info_args": "max_id; num_devices; fsid; nodesize; sectorsize; clone_alignment; "
                          "csum_type ? flags & 1; csum_size ? flags & 1; flags; "
                          "generation ? flags & 2; metadata_uuid ? flags & 4",
    "btrfs_balance.in": f"flags; {_BALANCE}",
    "btrfs_balance": f"flags; state; {_BALANCE}",
    "btrfs_ino_lookup_args.in": "treeid; objectid",
    "btrfs_ino_lookup_args.out": "treeid ? treeid == 0; name",
    "btrfs_search_key": "tree_id; min_objectid ? full or min_objectid != 256; "
                        "max_objectid ? full or max_objectid != 0xffffffffffffff00; min_offset; "
                        "max_offset; min_transid; max_transid; min_type; max_type; nr_items",
    "btrfs_search_key.out": "nr_items",
    "btrfs_search_args.in": "key",
    "btrfs_search_args.out": "key shape(btrfs_search_key, btrfs_search_key.out); "
                             "... ? abbrev; buf search_items(3992) ? full",
    "btrfs_search_args_v2.in": "key; buf_size",
    "btrfs_search_args_v2.out": "key shape(btrfs_search_key, btrfs_search_key.out); buf_size; "
                                "... ? abbrev; buf search_items(0) ? full",
    "btrfs_space_args.in": "space_slots",
    "btrfs_space_args.out": "total_spaces; "
                            "... ? abbrev and space_slots or abbrev and !total_spaces; "
                            "spaces=_spaces tail(btrfs_space_info, total_spaces) "
                            "? full and space_slots or full and !total_spaces",
    "btrfs_ino_path_args.in": "inum; size; fspath",
    "btrfs_ino_path_args.out": "fspath btrfs_paths:u64",
    "btrfs_logical_ino_args.in": "logical; size; reserved ? reserved; flags; inodes",
    "btrfs_logical_ino_args.out": "inodes btrfs_inodes:u64",
    "btrfs_dev_stats.in": "devid; nr_items; flags",
    "btrfs_dev_stats.out": "nr_items; flags; =values dev_stats(nr_items)",
    "btrfs_received_subvol_args.in": "uuid; stransid; stime btrfs_moment; flags",
    "btrfs_received_subvol_args.out": "rtransid; rtime btrfs_moment",
    "btrfs_send_args": "send_fd; clone_sources_count; clone_sources ? abbrev; "
                       "clone_sources elements(btrfs_object, clone_sources_count):ptr ? full; "
                       "parent_root; flags",
    "btrfs_replace_args.in": "cmd; start ? cmd == 0",
    "btrfs_replace_args.out": "result; status=start btrfs_replace_status ? cmd == 1",
}
