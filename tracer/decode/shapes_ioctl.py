"""How the structures of ioctls print: see tracer.decode.shapes."""
from __future__ import annotations

_LOOP_KEY = "lo_encrypt_key bytes_upto(lo_encrypt_key_size, 32) ? full or lo_encrypt_type"
_RTC_VALUE = ("uvalue=value flags(rtc_features):u64 ? param == 0; "
              "svalue=value s64:u64 ? param == 1; "
              "uvalue=value enum(rtc_backup_switch_modes):u64 ? param == 2; "
              "uvalue=value hex:u64 ? param not in 0,1,2")
_PEROUT = ("phase=start ? flags & 4; start ptp_moment ? flags !& 4; period; index; flags; "
           "on=rsv ptp_clock_time ? flags & 2")
_RAW_LINE = "padding or id not in 1,2,3"
_LINE = ("flags=values flags(gpio_v2_line_flags):u64 ? !padding and id == 1; "
         "values hex:u64 ? !padding and id == 2; "
         "debounce_period_us=values low_uint:u64 ? !padding and id == 3")

SHAPES: dict[str, str] = {
    # --- block devices
    "blk_user_trace_setup": "act_mask; buf_size; buf_nr; start_lba; end_lba; pid",
    "blk_user_trace_setup.then": "name",
    "hd_drive_reply": "status; error; nsector; "
                      "buf=_data tail_hex(sector_count, 512) ? sector_count",
    "loop_info": "lo_number; lo_device ? full; lo_inode ? full; lo_rdevice ? full; lo_offset; "
                 "lo_encrypt_type ? full or lo_encrypt_type; "
                 "lo_encrypt_key_size ? full or lo_encrypt_type; lo_flags; lo_name; "
                 f"{_LOOP_KEY}; lo_init ? full; reserved ? full; ... ? abbrev",
    "loop_info64": "lo_device ? full; lo_inode ? full; lo_rdevice ? full; lo_offset; "
                   "lo_sizelimit ? full; lo_number; "
                   "lo_encrypt_type ? full or lo_encrypt_type; "
                   "lo_encrypt_key_size ? full or lo_encrypt_type; lo_flags; lo_file_name; "
                   "lo_crypt_name ? full or lo_encrypt_type; "
                   f"{_LOOP_KEY}; lo_init ? full; ... ? abbrev",
    "loop_config": "fd; block_size; info; __reserved ? __reserved",
    # --- file systems
    "fsxattr.set": "fsx_xflags; fsx_extsize; fsx_projid hex; fsx_cowextsize",
    "fiemap.in": "fm_start; fm_length; fm_flags; fm_extent_count",
    "fiemap.out": "fm_flags; fm_mapped_extents; ... ? abbrev; "
                  "fm_extents=_extents tail(fiemap_extent, fm_mapped_extents) ? full",
    "file_dedupe_range.in": "src_offset; src_length; dest_count; "
                            "info=_info dedupe_infos(dest_count)",
    "file_dedupe_range.out": "info=_info dedupe_infos(dest_count)",
    "file_dedupe_range_info.in": "dest_fd; dest_offset",
    "file_dedupe_range_info.out": "bytes_deduped; status",
    "rand_pool_info": "entropy_count; buf_size; buf tail_buf(buf_size)",
    # --- clocks
    "rtc_time": "tm_sec; tm_min; tm_hour; tm_mday; tm_mon; tm_year; tm_wday ? full; "
                "tm_yday ? full; tm_isdst ? full; ... ? abbrev",
    "rtc_param.in": "param; index; __pad ? __pad",
    "rtc_param.out": f"{_RTC_VALUE}; __pad ? __pad",
    "rtc_param": f"param; {_RTC_VALUE}; index; __pad ? __pad",
    "ptp_clock_time": "sec; nsec; reserved ? reserved",
    "ptp_clock_caps": "max_adj; n_alarm; n_ext_ts; n_per_out; pps; n_pins; cross_timestamping; "
                      "adjust_phase; rsv ? rsv",
    "ptp_extts_request": "index; flags; rsv ? rsv",
    "ptp_extts_request.1": "index; flags",
    "ptp_perout_request.1": _PEROUT,
    "ptp_perout_request": f"{_PEROUT}; rsv ? rsv and flags !& 2",
    "ptp_sys_offset.in": "n_samples; rsv ? rsv",
    "ptp_sys_offset.out": "ts ptp_samples(n_samples, 25, 1)",
    "ptp_sys_offset_extended.in": "n_samples; rsv ? rsv",
    "ptp_sys_offset_extended.out": "ts ptp_samples(n_samples, 25, 3)",
    "ptp_sys_offset_precise": "device ptp_moment; sys_realtime ptp_moment; sys_monoraw; "
                              "rsv ? rsv",
    "ptp_pin_desc.in": "index",
    "ptp_pin_desc.in2": "index; rsv ? rsv",
    "ptp_pin_desc.get": "name; func; chan",
    "ptp_pin_desc.set": "index; func; chan",
    "ptp_pin_desc.set2": "index; func; chan; rsv ? rsv",
    # --- flash memory
    "region_info_user.in": "regionindex",
    "region_info_user.out": "offset; erasesize; numblocks",
    # --- general purpose input and output
    "gpioline_info.in": "line_offset",
    "gpioline_info.out": "flags; name; consumer",
    "gpiohandle_request.in": "lines; lineoffsets; flags; default_values; consumer_label",
    "gpiohandle_request.out": "fd",
    "gpioevent_request.in": "lineoffset; handleflags; eventflags; consumer_label",
    "gpioevent_request.out": "fd",
    "gpio_v2_line_attribute": f"id uint ? {_RAW_LINE}; padding ? padding; "
                              f"data=values ? {_RAW_LINE}; {_LINE}",
    "gpio_v2_line_config_attribute": "attr=id gpio_v2_line_attribute ? "
                                     f"{_RAW_LINE}; {_LINE}; mask",
    "gpio_v2_line_config": "flags; num_attrs; padding ? padding; attrs ? num_attrs",
    "gpio_v2_line_info.in": "offset",
    "gpio_v2_line_info.out": "name; consumer; flags; num_attrs; attrs ? num_attrs; "
                             "padding ? padding",
    "gpio_v2_line_request.in": "num_lines; offsets; consumer; config; "
                               "event_buffer_size ? event_buffer_size; padding ? padding",
    "gpio_v2_line_request.out": "fd",
    "gpio_v2_line_values.in": "mask",
    "gpio_v2_line_values.out": "bits",
    # --- trusted execution environments
    "tee_version": "impl_id; gen_caps; "
                   "impl_caps flags(tee_ioctl_optee_caps) ? impl_id == 1; "
                   "impl_caps ? impl_id != 1",
    "tee_shm_alloc.in": "size; flags",
    "tee_shm_alloc.out": "size; flags; id",
    "tee_shm_register.in": "addr; length; flags",
    "tee_shm_register.out": "length; flags; id",
    "tee_shm_register_fd.in": "fd; flags",
    "tee_shm_register_fd.out": "size; id",
    # --- user faults
    "uffdio_copy.in": "dst; src; len; mode",
    "uffdio_copy.out": "copy",
    "uffdio_register.in": "range; mode",
    "uffdio_register.out": "ioctls",
    "uffdio_zeropage.in": "range; mode",
    "uffdio_zeropage.out": "zeropage",
    # --- input devices
    "ff_effect": "type; id; direction; ... ? abbrev; trigger ? full; replay ? full; "
                 "constant=u ff_constant ? full and type == 0x52; "
                 "ramp=u ff_ramp ? full and type == 0x57; "
                 "periodic=u ff_periodic ? full and type == 0x51; "
                 "rumble=u ff_rumble ? full and type == 0x50",
    # --- consoles
    "kbkeycode.in": "scancode; keycode",
    "kbdiacrs": "kb_cnt; kbdiacr=_kbdiacr diacritics(kbdiacr, kb_cnt)",
    "kbdiacrsuc": "kb_cnt; kbdiacruc=_kbdiacr diacritics(kbdiacruc, kb_cnt)",
    # --- network interfaces
    "ifreq.name": "ifr_name",
    "ifreq.index": "ifr_ifindex=ifr_ifru int",
    "ifreq.bridge": "ifr_ifindex=ifr_ifru ifindex:int",
    # --- asynchronous rings
    "io_uring_files_update": "offset; resv ? resv; fds",
    "io_uring_probe_op": "op; resv ? resv; flags; resv2 ? resv2",
    "io_uring_probe": "last_op; ops_len; resv ? resv; resv2 ? resv2",
    "io_uring_rsrc_update": "offset; resv ? resv; data",
    "io_uring_rsrc_update.out": "offset uint; resv ? resv; data hex:u64 ? data",
    "io_uring_buf_reg": "ring_addr; ring_entries; bgid; pad ? pad; resv ? resv",
    # --- virtual machines
    "kvm_regs": "rax; ... ? abbrev; rbx ? full; rcx ? full; rdx ? full; rsi ? full; rdi ? full; "
                "rsp; rbp; ... ? abbrev; r8 ? full; r9 ? full; r10 ? full; r11 ? full; "
                "r12 ? full; r13 ? full; r14 ? full; r15 ? full; rip; rflags",
    "sg_req_info": "req_state; orphan; sg_io_owned; problem; pack_id; usr_ptr; duration",
    "kvm_dtable": "base; limit uint",
    "kvm_segment": "base; limit; selector; type; present; dpl; db; s; l; g; avl",
    "kvm_cpuid2": "nent; entries=_entries cpuid_entries(nent)",
}

_INTERFACE = {
    "addr": "ifr_addr=ifr_ifru ifr_sockaddr", "dstaddr": "ifr_dstaddr=ifr_ifru ifr_sockaddr",
    "broadaddr": "ifr_broadaddr=ifr_ifru ifr_sockaddr",
    "netmask": "ifr_netmask=ifr_ifru ifr_sockaddr", "hwaddr": "ifr_hwaddr=ifr_ifru ifr_hwaddr",
    "flags": "ifr_flags=ifr_ifru flags(iffflags):ushort", "ifindex": "ifr_ifindex=ifr_ifru int",
    "metric": "ifr_metric=ifr_ifru int", "mtu": "ifr_mtu=ifr_ifru int",
    "slave": "ifr_slave=ifr_ifru chars(16)", "newname": "ifr_newname=ifr_ifru chars(16)",
    "qlen": "ifr_qlen=ifr_ifru int", "map": "ifr_map=ifr_ifru ifmap",
}
for _name, _part in _INTERFACE.items():
    SHAPES[f"ifreq.{_name}"] = _part
    SHAPES[f"ifreq.set_{_name}"] = f"ifr_name; {_part}"
