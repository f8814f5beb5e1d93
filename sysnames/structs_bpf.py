"""Structure rows, continued: bpf(2) and io_uring_register(2).

The grammar and conventions are those of `sysnames.structs`.  64-bit fields are aligned to 8 on
every ABI, so padding is spelt out.  Sources: linux/bpf.h and linux/io_uring.h of Linux 7.2.
"""
from __future__ import annotations

_PROG_FD_ATTACH = "attach_type enum(bpf_attach_type):uint"

STRUCTS: dict[str, str] = {
    # --- maps -----------------------------------------------------------------------------------
    "bpf_map_create": "map_type enum(bpf_map_types):uint, key_size uint, value_size uint, "
    "max_entries uint, map_flags flags(bpf_map_flags):uint, inner_map_fd fd:uint, "
    "numa_node numa_node:uint, map_name chars(16), map_ifindex ifindex:uint, btf_fd fd:uint, "
    "btf_key_type_id uint, btf_value_type_id uint, btf_vmlinux_value_type_id uint, "
    "map_extra u64_max:u64",
    "bpf_map_elem": "map_fd fd:uint, _pad uint, key addr:u64, value addr:u64, "
    "flags flags(bpf_map_lookup_elem_flags):u64",
    "bpf_map_update": "map_fd fd:uint, _pad uint, key addr:u64, value addr:u64, "
    "flags enum(bpf_map_update_elem_flags):u64",
    "bpf_map_delete": "map_fd fd:uint, _pad uint, key addr:u64",
    "bpf_map_next": "map_fd fd:uint, _pad uint, key addr:u64, next_key addr:u64",
    "bpf_map_freeze": "map_fd fd:uint",
    "bpf_batch": "in_batch addr:u64, out_batch addr:u64, keys addr:u64, values addr:u64, "
    "count uint, map_fd fd:uint, elem_flags flags(bpf_map_lookup_elem_flags):u64, flags hex:u64",
    # --- programs -------------------------------------------------------------------------------
    "bpf_prog_load": "prog_type enum(bpf_prog_types):uint, insn_cnt uint, "
    "insns ebpf_program(insn_cnt):u64, license wide_text:u64, log_level uint, log_size uint, "
    "log_buf wide_text(log_size):u64, kern_version kernel_version:uint, "
    "prog_flags flags(bpf_prog_flags):uint, prog_name chars(16), prog_ifindex ifindex:uint, "
    "expected_attach_type enum(bpf_attach_type):uint, prog_btf_fd fd:uint, "
    "func_info_rec_size uint, func_info addr:u64, func_info_cnt uint, line_info_rec_size uint, "
    "line_info addr:u64, line_info_cnt uint, attach_btf_id uint, attach_prog_fd fd:uint, "
    "_pad uint, fd_array addr:u64",
    "bpf_obj_pin": "pathname wide_path:u64, bpf_fd fd:uint, "
    "file_flags flags(bpf_file_mode_flags):uint",
    "bpf_prog_attach": f"target_fd fd:uint, attach_bpf_fd fd:uint, {_PROG_FD_ATTACH}, "
    "attach_flags flags(bpf_attach_flags):uint, replace_bpf_fd fd:uint",
    "bpf_prog_detach": f"target_fd fd:uint, _dummy uint, {_PROG_FD_ATTACH}",
    "bpf_prog_test_run": "prog_fd fd:uint, retval uint, data_size_in uint, data_size_out uint, "
    "data_in addr:u64, data_out addr:u64, repeat uint, duration uint, ctx_size_in uint, "
    "ctx_size_out uint, ctx_in addr:u64, ctx_out addr:u64, flags flags(bpf_test_run_flags):uint, "
    "cpu uint, batch_size uint",
    "bpf_next_id": "start_id uint, next_id uint, open_flags flags(bpf_file_mode_flags):uint",
    "bpf_prog_by_id": "prog_id uint, next_id uint, open_flags flags(bpf_file_mode_flags):uint",
    "bpf_map_by_id": "map_id uint, next_id uint, open_flags flags(bpf_file_mode_flags):uint",
    "bpf_btf_by_id": "btf_id uint",
    "bpf_link_by_id": "link_id uint",
    "bpf_obj_info": "bpf_fd fd:uint, info_len uint, info addr:u64",
    "bpf_prog_query": f"target_fd fd:uint, {_PROG_FD_ATTACH}, "
    "query_flags flags(bpf_query_flags):uint, attach_flags flags(bpf_attach_flags):uint, "
    "prog_ids wide_array(uint, prog_cnt):u64, prog_cnt uint",
    "bpf_raw_tracepoint": "name wide_text(128):u64, prog_fd fd:uint",
    "bpf_btf_load": "btf wide_buf(btf_size):u64, btf_log_buf addr:u64, btf_size uint, "
    "btf_log_size uint, btf_log_level uint",
    "bpf_task_fd_query": "pid pid:uint, fd fd:uint, flags uint, buf_len uint, "
    "buf wide_text(buf_len):u64, prog_id uint, fd_type enum(bpf_task_fd_type):uint, "
    "probe_offset hex:u64, probe_addr hex:u64",
    # --- links ----------------------------------------------------------------------------------
    "bpf_link_create": f"prog_fd fd:uint, target_fd fd:uint, {_PROG_FD_ATTACH}, flags hex:uint, "
    "union array(u64, 4)",
    "bpf_link_iterator": "iter_info wide_array(bpf_iterator, iter_info_len):u64, "
    "iter_info_len uint",
    "bpf_iterator": "map bpf_iterator_map",
    "bpf_iterator_map": "map_fd fd:uint",
    "bpf_link_perf": "bpf_cookie hex:u64",
    "bpf_link_probes": "flags flags(bpf_link_create_kprobe_multi_flags):uint, cnt uint, "
    "syms wide_array(str, cnt):u64, addrs wide_array(hex64, cnt):u64, "
    "cookies wide_array(hex64, cnt):u64",
    "bpf_link_update": "link_fd fd:uint, new_prog_fd fd:uint, flags flags(bpf_attach_flags):uint, "
    "old_prog_fd fd:uint",
    # --- asynchronous rings ---------------------------------------------------------------------
    "io_uring_files_update": "offset uint, resv hex:uint, "
    "fds wide_array(ring_file, nr_args):u64",
    "io_uring_probe_op": "op numbered_op:uchar, resv hex:uchar, "
    "flags flags(uring_op_flags):ushort, resv2 hex:uint",
    "io_uring_probe": "last_op numbered_op:uchar, ops_len uchar, resv hex:ushort, "
    "resv2 list(hex, 3):uint",
    "io_uring_rsrc_register": "nr uint, flags flags(uring_register_rsrc_flags):uint, "
    "resv2 hex:u64, data addr:u64, tags wide_array(hex64, nr):u64",
    "io_uring_rsrc_update2": "offset uint, resv hex:uint, data addr:u64, "
    "tags wide_array(hex64, nr):u64, nr uint, resv2 hex:uint",
    "io_uring_rsrc_update": "offset ring_offset:uint, resv hex:uint, data fd:u64",
    "io_uring_buf_reg": "ring_addr addr:u64, ring_entries uint, bgid ushort, pad hex:ushort, "
    "resv list(hex, 3):u64",
}
