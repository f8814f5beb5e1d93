"""Structure rows, continued: arguments of device and file ioctls.

The grammar and conventions are those of `sysnames.structs`; unions are stored as what aligns
and sizes them, and printed by a shape.  Sources: the uapi headers of Linux 7.2.
"""
from __future__ import annotations

STRUCTS: dict[str, str] = {
    # --- block devices --------------------------------------------------------------------------
    "blk_user_trace_setup": "name chars(32), act_mask ushort, buf_size uint, buf_nr uint, "
    "start_lba u64, end_lba u64, pid pid:uint",
    "hd_drive_cmd_hdr": "command enum(hdio_drive_cmds):uchar, sector_number uchar, "
    "feature uchar, sector_count uchar",
    "hd_drive_reply": "status hex:uchar, error uchar, nsector uchar, sector_count uchar, "
    "_data bytes(0)",
    "loop_info": "lo_number int, lo_device dev:ushort, lo_inode ulong, lo_rdevice dev:ushort, "
    "lo_offset hex:int, lo_encrypt_type enum(loop_crypt_type_options):int, "
    "lo_encrypt_key_size uint:int, lo_flags flags(loop_flags_options):int, lo_name chars(64), "
    "lo_encrypt_key bytes(32), lo_init array(hex, 2):ulong, reserved array(hex, 4):uchar",
    "loop_info@x86_64": "lo_number int, lo_device dev:ulong, lo_inode ulong, "
    "lo_rdevice dev:ulong, lo_offset hex:int, lo_encrypt_type enum(loop_crypt_type_options):int, "
    "lo_encrypt_key_size uint:int, lo_flags flags(loop_flags_options):int, lo_name chars(64), "
    "lo_encrypt_key bytes(32), lo_init array(hex, 2):ulong, reserved array(hex, 4):uchar",
    "loop_info@aarch64": "lo_number int, lo_device dev:uint, lo_inode ulong, "
    "lo_rdevice dev:uint, lo_offset hex:int, lo_encrypt_type enum(loop_crypt_type_options):int, "
    "lo_encrypt_key_size uint:int, lo_flags flags(loop_flags_options):int, lo_name chars(64), "
    "lo_encrypt_key bytes(32), lo_init array(hex, 2):ulong, reserved array(hex, 4):uchar",
    "loop_info64": "lo_device dev:u64, lo_inode u64, lo_rdevice dev:u64, lo_offset hex:u64, "
    "lo_sizelimit u64, lo_number uint, lo_encrypt_type enum(loop_crypt_type_options):uint, "
    "lo_encrypt_key_size uint, lo_flags flags(loop_flags_options):uint, lo_file_name chars(64), "
    "lo_crypt_name chars(64), lo_encrypt_key bytes(32), lo_init array(hex, 2):u64",
    "loop_config": "fd fd:uint, block_size uint, info loop_info64, "
    "__reserved array(hex, 8):u64",
    "sg_scsi_id": "host_no int, channel int, scsi_id hex:int, lun int, scsi_type hex:int, "
    "h_cmd_per_lun short, d_queue_depth short, _unused array(int, 2)",
    "sg_io_hdr": "interface_id uint:int, dxfer_direction enum(sg_io_dxfer_direction):int, "
    "cmd_len uchar, mx_sb_len uchar, iovec_count ushort, dxfer_len uint, "
    "dxferp sg_buffer(dxfer_len, iovec_count):ptr, cmdp buf_hex_at(cmd_len):ptr, "
    "sbp buf_hex_at(sb_len_wr):ptr, timeout uint, flags flags(sg_io_flags):uint, pack_id int, "
    "usr_ptr addr, status hex:uchar, masked_status hex:uchar, msg_status hex:uchar, "
    "sb_len_wr uchar, host_status hex:ushort, driver_status hex:ushort, resid int, "
    "duration uint, info flags(sg_io_info):uint",
    "sg_req_info": "req_state char, orphan char, sg_io_owned char, problem char, pack_id int, "
    "usr_ptr addr, duration uint, unused int",
    "sg_io_v4": "guard uint:int, protocol enum(bsg_protocol):uint, "
    "subprotocol enum(bsg_subprotocol):uint, request_len uint, "
    "request buf_hex_at(request_len):u64, request_tag hex:u64, request_attr uint, "
    "request_priority uint, request_extra uint, max_response_len uint, "
    "response buf_hex_at(response_len):u64, dout_iovec_count uint, dout_xfer_len uint, "
    "din_iovec_count uint, din_xfer_len uint, "
    "dout_xferp sg_buffer(dout_xfer_len, dout_iovec_count):u64, din_xferp hex:u64, "
    "timeout uint, flags flags(bsg_flags):uint, usr_ptr hex:u64, spare_in uint, "
    "driver_status hex:uint, transport_status hex:uint, device_status hex:uint, "
    "retry_delay uint, info flags(sg_io_info):uint, duration uint, response_len uint, "
    "din_resid int, dout_resid int, generated_tag hex:u64, spare_out uint, padding uint",
    # --- file systems ---------------------------------------------------------------------------
    "fstrim_range": "start hex:u64, len u64, minlen u64",
    "fiemap_extent": "fe_logical u64, fe_physical u64, fe_length u64, _reserved array(u64, 2), "
    "fe_flags flags(fiemap_extent_flags):uint, _reserved2 array(uint, 3)",
    "fiemap": "fm_start u64, fm_length u64, fm_flags flags(fiemap_flags):uint, "
    "fm_mapped_extents uint, fm_extent_count uint, _reserved uint, _extents bytes(0)",
    "file_dedupe_range_info": "dest_fd fd:s64, dest_offset u64, bytes_deduped u64, status int, "
    "_reserved uint",
    "file_dedupe_range": "src_offset u64, src_length u64, dest_count ushort, _reserved1 ushort, "
    "_reserved2 uint, _info bytes(0)",
    "rand_pool_info": "entropy_count int, buf_size int, buf bytes(0)",
    # --- namespaces, seccomp, counters, infrared ------------------------------------------------
    "seccomp_notif": "id hex:u64, pid pid:uint, flags hex:uint, data seccomp_call",
    "seccomp_call": "nr call_number(arch):int, arch enum(audit_arch):uint, "
    "instruction_pointer addr:u64, args array(hex, 6):u64",
    "seccomp_notif_resp": "id hex:u64, val s64, error negative_errno:int, "
    "flags flags(seccomp_ioctl_resp_flags):uint",
    "seccomp_notif_addfd": "id hex:u64, flags flags(seccomp_ioctl_addfd_flags):uint, "
    "srcfd fd:uint, newfd int:uint, newfd_flags flags(open_mode_flags):uint",
    "counter_component": "type enum(counter_ioctl_component_types):uchar, "
    "scope enum(counter_ioctl_scopes):uchar, parent uchar, id uchar",
    "counter_watch": "component counter_component, event enum(counter_ioctl_event_types):uchar, "
    "channel uchar",
    # --- clocks ---------------------------------------------------------------------------------
    "rtc_pll_info": "pll_ctrl int, pll_value int, pll_max int, pll_min int, pll_posmult int, "
    "pll_negmult int, pll_clock long",
    "rtc_param": "param enum(rtc_params):u64, value u64, index uint, __pad hex:uint",
    "ptp_clock_time": "sec s64, nsec uint, reserved hex:uint",
    "ptp_clock_caps": "max_adj int, n_alarm int, n_ext_ts int, n_per_out int, pps int, "
    "n_pins int, cross_timestamping int, adjust_phase int, rsv list(hex, 12):int",
    "ptp_extts_request": "index uint, flags flags(ptp_extts_flags):uint, rsv list(hex, 2):uint",
    "ptp_perout_request": "start ptp_clock_time, period ptp_clock_time, index uint, "
    "flags flags(ptp_perout_flags):uint, rsv list(hex, 4):uint",
    "ptp_sys_offset": "n_samples uint, rsv list(hex, 3):uint, "
    "ts array(ptp_clock_time, 51)",
    "ptp_sys_offset_extended": "n_samples uint, rsv list(hex, 3):uint, "
    "ts array(ptp_clock_time, 75)",
    "ptp_sys_offset_precise": "device ptp_clock_time, sys_realtime ptp_clock_time, "
    "sys_monoraw ptp_clock_time, rsv list(hex, 4):uint",
    "ptp_pin_desc": "name chars(64), index uint, func enum(ptp_pin_funcs):uint, chan uint, "
    "rsv list(hex, 5):uint",
    # --- flash memory ---------------------------------------------------------------------------
    "erase_info_user": "start hex:uint, length hex:uint",
    "erase_info_user64": "start hex:u64, length hex:u64",
    "mtd_oob_buf": "start hex:uint, length hex:uint, ptr addr",
    "mtd_oob_buf64": "start hex:u64, _pad uint, length hex:uint, usr_ptr addr:u64",
    "otp_info": "start hex:uint, length hex:uint, locked uint",
    "mtd_write_req": "start hex:u64, len hex:u64, ooblen hex:u64, usr_data addr:u64, "
    "usr_oob addr:u64, mode enum(mtd_mode_options):uchar, _padding bytes(7)",
    "mtd_info_user": "type enum(mtd_type_options):uchar, flags flags(mtd_flags_options):uint, "
    "size hex:uint, erasesize hex:uint, writesize hex:uint, oobsize hex:uint, padding hex:u64",
    "nand_oobpair": "offset hex:uint, length hex:uint",
    "nand_oobinfo": "useecc enum(mtd_nandecc_options):uint, eccbytes hex:uint, "
    "oobfree list(list(hex, 2), 8):uint, eccpos list(hex, 32):uint",
    "nand_ecclayout_user": "eccbytes hex:uint, eccpos list(hex, 64):uint, oobavail hex:uint, "
    "oobfree list(nand_oobpair, 8)",
    "mtd_ecc_stats": "corrected hex:uint, failed hex:uint, badblocks hex:uint, bbtblocks hex:uint",
    "region_info_user": "offset hex:uint, erasesize hex:uint, numblocks hex:uint, "
    "regionindex hex:uint",
    "ubi_mkvol_req": "vol_id int, alignment int, bytes s64, "
    "vol_type enum(ubi_volume_types):uchar, flags flags(ubi_volume_flags):uchar, "
    "name_len short, _padding2 bytes(4), name chars_upto(name_len, 128); packed",
    "ubi_rsvol_req": "bytes s64, vol_id int; packed",
    "ubi_rnvol_ent": "vol_id int, name_len short, _padding2 bytes(2), "
    "name chars_upto(name_len, 128)",
    "ubi_rnvol_req": "count int, _padding1 bytes(12), ents upto(ubi_rnvol_ent, count, 32)",
    "ubi_leb_change_req": "lnum int, bytes int, dtype enum(ubi_data_types):uchar, "
    "_padding bytes(7); packed",
    "ubi_attach_req": "ubi_num int, mtd_num int, vid_hdr_offset int, max_beb_per1024 short, "
    "_padding bytes(10)",
    "ubi_map_req": "lnum int, dtype enum(ubi_data_types):uchar, _padding bytes(3); packed",
    "ubi_set_vol_prop_req": "property enum(ubi_volume_props):uchar, _padding bytes(7), "
    "value hex:u64; packed",
    # --- general purpose input and output -------------------------------------------------------
    "gpiochip_info": "name chars(32), label chars(32), lines uint",
    "gpioline_info": "line_offset uint, flags flags(gpio_line_flags):uint, name chars(32), "
    "consumer chars(32)",
    "gpio_offset": "offset uint",
    "gpiohandle_request": "lineoffsets upto(uint, lines, 64):uint, "
    "flags flags(gpio_handle_flags):uint, default_values upto(uchar, lines, 64):uchar, "
    "consumer_label chars(32), lines uint, fd fd",
    "gpioevent_request": "lineoffset uint, handleflags flags(gpio_handle_flags):uint, "
    "eventflags flags(gpio_event_flags):uint, consumer_label chars(32), fd fd",
    "gpiohandle_data": "values list(uchar, 64):uchar",
    "gpiohandle_config": "flags flags(gpio_handle_flags):uint, "
    "default_values list(uchar, 64):uchar, _padding array(uint, 4)",
    "gpio_v2_line_attribute": "id enum(gpio_v2_line_attr_ids):uint, padding hex:uint, "
    "values hex:u64",
    "gpio_v2_line_config_attribute": "id uint, padding hex:uint, values hex:u64, mask hex:u64",
    "gpio_v2_line_config": "flags flags(gpio_v2_line_flags):u64, num_attrs uint, "
    "padding array(hex, 5):uint, attrs upto(gpio_v2_line_config_attribute, num_attrs, 10)",
    "gpio_v2_line_info": "name chars(32), consumer chars(32), offset uint, num_attrs uint, "
    "flags flags(gpio_v2_line_flags):u64, attrs upto(gpio_v2_line_attribute, num_attrs, 10), "
    "padding array(hex, 4):uint",
    "gpio_v2_line_request": "offsets upto(uint, num_lines, 64):uint, consumer chars(32), "
    "config gpio_v2_line_config, num_lines uint, event_buffer_size uint, "
    "padding array(hex, 5):uint, fd fd",
    "gpio_v2_line_values": "bits hex:u64, mask hex:u64",
    # --- trusted execution environments ---------------------------------------------------------
    "tee_version": "impl_id enum(tee_ioctl_impl_ids):uint, impl_caps hex:uint, "
    "gen_caps flags(tee_ioctl_gen_caps):uint",
    "tee_shm_alloc": "size hex:u64, flags flags(tee_ioctl_shm_flags):uint, id int",
    "tee_shm_register": "addr addr:u64, length hex:u64, flags flags(tee_ioctl_shm_flags):uint, "
    "id int",
    "tee_shm_register_fd": "fd fd:s64, size hex:u64, flags flags(tee_ioctl_shm_flags):uint, "
    "_pad1 bytes(4), id int, _pad2 bytes(4)",
    "tee_open_session": "uuid uuid, clnt_uuid array(hex, 16):uchar, "
    "clnt_login enum(tee_ioctl_login_types):uint, cancel_id uint, session hex:uint, ret uint, "
    "ret_origin enum(tee_ioctl_origins):uint, num_params uint",
    "tee_invoke": "func uint, session hex:uint, cancel_id uint, ret uint, "
    "ret_origin enum(tee_ioctl_origins):uint, num_params uint",
    "tee_supp_recv": "func uint, num_params uint",
    "tee_supp_send": "ret uint, num_params uint",
    "tee_cancel": "cancel_id uint, session hex:uint",
    "tee_close_session": "session hex:uint",
    # --- user faults ----------------------------------------------------------------------------
    "uffdio_range": "start hex:u64, len hex:u64",
    "uffdio_api": "api hex:u64, features flags(uffd_api_features):u64, "
    "ioctls flags(uffd_api_flags):u64",
    "uffdio_copy": "dst hex:u64, src hex:u64, len hex:u64, mode flags(uffd_copy_flags):u64, "
    "copy hex:u64",
    "uffdio_register": "range uffdio_range, mode flags(uffd_register_mode_flags):u64, "
    "ioctls flags(uffd_register_ioctl_flags):u64",
    "uffdio_zeropage": "range uffdio_range, mode flags(uffd_zeropage_flags):u64, "
    "zeropage hex:u64",
    # --- input devices --------------------------------------------------------------------------
    "input_id": "bustype ushort, vendor ushort, product ushort, version ushort",
    "input_keymap_entry": "!flags uchar, !len uchar, index ushort, "
    "keycode enum(evdev_keycode):uint, scancode array(hex, 32):uchar",
    "ff_envelope": "attack_length ushort, attack_level ushort, fade_length ushort, "
    "fade_level hex:ushort",
    "ff_trigger": "button ushort, interval ushort",
    "ff_replay": "length ushort, delay ushort",
    "ff_constant": "level short, envelope ff_envelope",
    "ff_ramp": "start_level short, end_level short, envelope ff_envelope",
    "ff_periodic": "waveform ushort, period ushort, magnitude short, offset short, phase ushort, "
    "envelope ff_envelope, custom_len uint, custom_data addr",
    "ff_rumble": "strong_magnitude ushort, weak_magnitude ushort",
    "ff_effect": "type enum(evdev_ff_types):ushort, id short, direction ushort, "
    "trigger ff_trigger, replay ff_replay, u ff_periodic",
    # --- consoles -------------------------------------------------------------------------------
    "kbentry": "kb_table uchar, kb_index uchar, kb_value hex:ushort",
    "kbdiacr": "diacr key_char:uchar, base key_char:uchar, result key_char:uchar",
    "kbdiacrs": "kb_cnt uint, _kbdiacr bytes(0)",
    "kbdiacruc": "diacr hex:uint, base hex:uint, result hex:uint",
    "kbkeycode": "scancode hex:uint, keycode hex:uint",
    "kbd_repeat": "delay int, period int",
    "unimapinit": "advised_hashsize ushort, advised_hashstep ushort, advised_hashlevel ushort",
    "unipair": "unicode hex:ushort, fontpos hex:ushort",
    "unimapdesc": "entry_ct ushort, entries addr",
    "consolefontdesc": "charcount ushort, charheight ushort, chardata addr",
    "console_font_op": "op enum(kd_font_ops):uint, flags flags(kd_font_flags):uint, width uint, "
    "height uint, charcount uint, data addr",
    # --- virtual machines -----------------------------------------------------------------------
    "kvm_userspace_memory_region": "slot uint, flags flags(kvm_mem_flags):uint, "
    "guest_phys_addr hex:u64, memory_size u64, userspace_addr hex:u64",
    "kvm_regs": "rax hex:u64, rbx hex:u64, rcx hex:u64, rdx hex:u64, rsi hex:u64, "
    "rdi hex:u64, rsp hex:u64, rbp hex:u64, r8 hex:u64, r9 hex:u64, r10 hex:u64, "
    "r11 hex:u64, r12 hex:u64, r13 hex:u64, r14 hex:u64, r15 hex:u64, rip hex:u64, "
    "rflags hex:u64",
    "kvm_segment": "base hex:u64, limit uint, selector ushort, type uchar, present uchar, "
    "dpl uchar, db uchar, s uchar, l uchar, g uchar, avl uchar, unusable uchar, padding uchar",
    "kvm_dtable": "base hex:u64, limit hex:ushort, padding list(hex, 3):ushort",
    "kvm_sregs": "!cs kvm_segment, ds kvm_segment, es kvm_segment, fs kvm_segment, "
    "gs kvm_segment, ss kvm_segment, tr kvm_segment, ldt kvm_segment, gdt kvm_dtable, "
    "idt kvm_dtable, cr0 u64, cr2 u64, cr3 u64, cr4 u64, cr8 u64, efer u64, apic_base hex:u64, "
    "interrupt_bitmap list(hex, 4):u64",
    "kvm_cpuid_entry2": "function hex:uint, index hex:uint, flags flags(kvm_cpuid_flags):uint, "
    "eax hex:uint, ebx hex:uint, ecx hex:uint, edx hex:uint, _padding array(uint, 3)",
    "kvm_cpuid2": "nent uint, _padding uint, _entries bytes(0)",
    # --- network interfaces ---------------------------------------------------------------------
    "ifmap": "mem_start hex, mem_end hex, base_addr hex:ushort, irq hex:uchar, "
    "dma hex:uchar, port hex:uchar",
    "ifr_hwaddr": "sa_family enum(arp_hardware_types):ushort, sa_data typed_address(sa_family, 14)",
}
