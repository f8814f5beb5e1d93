"""Structure rows, continued: btrfs.

The grammar and conventions are those of `sysnames.structs`.  Source: linux/btrfs.h of Linux 7.2.
"""
from __future__ import annotations

_OBJECT = "enum(btrfs_tree_objectids):u64"
_KEY = "enum(btrfs_key_types):uint"

STRUCTS: dict[str, str] = {
    "btrfs_vol_args": "fd fd:s64, name chars(4088)",
    "btrfs_vol_args_v2": "fd fd:s64, transid u64, flags flags(btrfs_snap_flags_v2):u64, size u64, "
    "qgroup_inherit btrfs_inherit:u64, _unused array(u64, 2), name chars(4040)",
    "btrfs_qgroup_limit": "flags flags(btrfs_qgroup_limit_flags):u64, max_rfer u64, max_excl u64, "
    "rsv_rfer u64, rsv_excl u64",
    "btrfs_qgroup_inherit": "flags flags(btrfs_qgroup_inherit_flags):u64, num_qgroups u64, "
    "num_ref_copies u64, num_excl_copies u64, lim btrfs_qgroup_limit, _qgroups bytes(0)",
    "btrfs_qgroup_limit_args": "qgroupid u64, lim btrfs_qgroup_limit",
    "btrfs_qgroup_assign_args": "assign u64, src u64, dst u64",
    "btrfs_qgroup_create_args": "create u64, qgroupid u64",
    "btrfs_quota_ctl_args": "cmd enum(btrfs_qgroup_ctl_cmds):u64, _status u64",
    "btrfs_quota_rescan_args": f"flags u64, progress {_OBJECT}, _reserved array(u64, 6)",
    "btrfs_scrub_progress": "data_extents_scrubbed u64, tree_extents_scrubbed u64, "
    "data_bytes_scrubbed u64, tree_bytes_scrubbed u64, read_errors u64, csum_errors u64, "
    "verify_errors u64, no_csum u64, csum_discards u64, super_errors u64, malloc_errors u64, "
    "uncorrectable_errors u64, corrected_errors u64, last_physical u64, unverified_errors u64",
    "btrfs_scrub_args": "devid dev:u64, start u64, end u64_max:u64, "
    "flags flags(btrfs_scrub_flags):u64, progress btrfs_scrub_progress, "
    "_unused array(u64, 109)",
    "btrfs_dev_info_args": "devid dev:u64, uuid uuid, bytes_used u64, total_bytes u64, "
    "_fsid bytes(16), _unused array(u64, 377), path chars(1024)",
    "btrfs_fs_info_args": "max_id u64, num_devices u64, fsid uuid, nodesize uint, "
    "sectorsize uint, clone_alignment uint, csum_type enum(btrfs_csum_types):ushort, "
    "csum_size ushort, flags flags(btrfs_fs_info_flags):u64, generation u64, "
    "metadata_uuid uuid, _reserved bytes(944)",
    "btrfs_feature_flags": "compat_flags compat_features:u64, "
    "compat_ro_flags flags(btrfs_features_compat_ro):u64, "
    "incompat_flags flags(btrfs_features_incompat):u64",
    "btrfs_balance_args": "profiles flags(btrfs_space_info_flags):u64, usage u64_max:u64, "
    "devid dev:u64, pstart u64_max:u64, pend u64_max:u64, vstart u64_max:u64, "
    "vend u64_max:u64, target u64_max:u64, flags flags(btrfs_balance_args):u64, "
    "_limit array(u64, 8)",
    "btrfs_balance": "flags flags(btrfs_balance_flags):u64, "
    "state flags(btrfs_balance_state):u64, data btrfs_balance_args, meta btrfs_balance_args, "
    "sys btrfs_balance_args, _stat array(u64, 75)",
    "btrfs_ino_lookup_args": f"treeid {_OBJECT}, objectid {_OBJECT}, name chars(4080)",
    "btrfs_search_key": f"tree_id {_OBJECT}, min_objectid {_OBJECT}, max_objectid {_OBJECT}, "
    "min_offset u64_max:u64, max_offset u64_max:u64, min_transid u64_max:u64, "
    f"max_transid u64_max:u64, min_type {_KEY}, max_type {_KEY}, nr_items uint, _unused uint, "
    "_unused1 array(u64, 4)",
    "btrfs_search_header": f"transid u64, objectid {_OBJECT}, offset u64, type {_KEY}, len uint",
    "btrfs_search_args": "key btrfs_search_key, buf bytes(3992)",
    "btrfs_search_args_v2": "key btrfs_search_key, buf_size u64, buf bytes(0)",
    "btrfs_defrag_range_args": "start u64, len u64_max:u64, "
    "flags flags(btrfs_defrag_flags):u64, extent_thresh uint, "
    "compress_type enum(btrfs_compress_types):uint, _unused array(uint, 4)",
    "btrfs_space_info": "flags flags(btrfs_space_info_flags):u64, total_bytes u64, "
    "used_bytes u64",
    "btrfs_space_args": "space_slots u64, total_spaces u64, _spaces bytes(0)",
    "btrfs_ino_path_args": "inum u64, size u64, _reserved array(u64, 4), fspath addr:u64",
    "btrfs_logical_ino_args": "logical u64, size u64, reserved array(hex, 3):u64, "
    "flags flags(btrfs_logical_ino_args_flags):u64, inodes addr:u64",
    "btrfs_data_container": "bytes_left uint, bytes_missing uint, elem_cnt uint, "
    "elem_missed uint, _val bytes(0)",
    "btrfs_logical_ino": "inum u64, offset u64, root u64",
    "btrfs_dev_stats": "devid dev:u64, nr_items u64, flags flags(btrfs_dev_stats_flags):u64, "
    "values array(u64, 5), _unused array(u64, 121)",
    "btrfs_timespec": "sec u64, nsec uint",
    "btrfs_received_subvol_args": "uuid uuid, stransid u64, rtransid u64, stime btrfs_timespec, "
    "rtime btrfs_timespec, flags u64, _reserved array(u64, 16)",
    "btrfs_send_args": f"send_fd fd:s64, clone_sources_count u64, clone_sources addr, "
    f"parent_root {_OBJECT}, flags flags(btrfs_send_flags):u64, _version uint, "
    "_reserved bytes(28)",
    "btrfs_replace_start": "srcdevid dev:u64, "
    "cont_reading_from_srcdev_mode enum(btrfs_cont_reading_from_srcdev_mode):u64, "
    "srcdev_name chars(1025), tgtdev_name chars(1025)",
    "btrfs_replace_status": "replace_state enum(btrfs_dev_replace_state):u64, "
    "progress_1000 permille:u64, time_started date:u64, time_stopped date:u64, "
    "num_write_errors u64, num_uncorrectable_read_errors u64",
    "btrfs_replace_args": "cmd enum(btrfs_dev_replace_cmds):u64, "
    "result enum(btrfs_dev_replace_results):u64, start btrfs_replace_start, "
    "_spare array(u64, 64)",
}
