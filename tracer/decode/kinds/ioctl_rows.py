"""ioctl requests by name → their argument, as a row (see tracer.decode.commands).

Requests that are not here print their argument in hexadecimal.  An empty row: no argument.  A
request without a name stands by its number.
"""
from __future__ import annotations

_GROUPS: dict[str, str] = {
    # --- terminals ------------------------------------------------------------------------------
    "arg out ptr(termios)": "TCGETS TIOCGLCKTRMIOS",
    "arg ptr(termios)": "TCSETS TCSETSW TCSETSF TIOCSLCKTRMIOS",
    "arg out ptr(termios2)": "TCGETS2",
    "arg ptr(termios2)": "TCSETS2 TCSETSW2 TCSETSF2",
    "arg out ptr(termio)": "TCGETA",
    "arg ptr(termio)": "TCSETA TCSETAW TCSETAF",
    "arg out ptr(winsize)": "TIOCGWINSZ",
    "arg ptr(winsize)": "TIOCSWINSZ",
    "arg enum(tcxonc_options)": "TCXONC",
    "arg enum(tcflsh_options)": "TCFLSH",
    "arg low_int": "TCSBRK TCSBRKP TIOCSCTTY FICLONE INOTIFY_IOC_SETNEXTWD LOOP_CTL_ADD "
                   "LOOP_CTL_REMOVE PERF_EVENT_IOC_REFRESH EVIOCRMFF",
    "arg out ptr(flags32(modem_flags))": "TIOCMGET",
    "arg ptr(flags32(modem_flags))": "TIOCMBIS TIOCMBIC TIOCMSET",
    "arg out ptr(int)":
        "TIOCGPGRP TIOCGSID TIOCGETD TIOCGSOFTCAR TIOCGPTN FIONREAD TIOCOUTQ TIOCGEXCL TIOCGDEV "
        "BLKROGET BLKBSZGET BLKSSZGET BLKALIGNOFF RNDGETENTCNT WDIOC_GETSTATUS "
        "WDIOC_GETBOOTSTATUS WDIOC_GETTEMP WDIOC_GETTIMEOUT WDIOC_GETPRETIMEOUT WDIOC_GETTIMELEFT "
        "SG_EMULATED_HOST SG_GET_ACCESS_COUNT SG_GET_COMMAND_Q SG_GET_KEEP_ORPHAN SG_GET_LOW_DMA "
        "SG_GET_NUM_WAITING SG_GET_PACK_ID SG_GET_RESERVED_SIZE SG_GET_SG_TABLESIZE "
        "SG_GET_TRANSFORM SG_GET_VERSION_NUM MEMGETREGIONCOUNT FIOGETOWN SIOCATMARK SIOCGIFENCAP "
        "SIOCGPGRP SIOCOUTQNSD",
    "arg ptr(int)":
        "TIOCSPGRP TIOCSETD FIONBIO FIOASYNC TIOCPKT TIOCSSOFTCAR TIOCSPTLCK BLKROSET BLKBSZSET "
        "RNDADDTOENTCNT WDIOC_SETTIMEOUT WDIOC_SETPRETIMEOUT SG_NEXT_CMD_LEN SG_SET_COMMAND_Q "
        "SG_SET_DEBUG SG_SET_FORCE_LOW_DMA SG_SET_FORCE_PACK_ID SG_SET_KEEP_ORPHAN "
        "SG_SET_RESERVED_SIZE SG_SET_TIMEOUT UBI_IOCDET UBI_IOCEBER UBI_IOCEBISMAP "
        "UBI_IOCEBUNMAP UBI_IOCRMVOL UBI_IOCRPEB UBI_IOCSPEB FIOSETOWN SIOCSIFENCAP SIOCSPGRP",
    "": "TIOCSBRK TIOCCBRK TIOCCONS TIOCNOTTY TIOCEXCL TIOCNXCL FIOCLEX FIONCLEX TIOCVHANGUP "
        "TIOCSSERIAL BLKRRPART BLKFLSBUF BLKTRACESTART BLKTRACESTOP BLKTRACETEARDOWN "
        "RNDZAPENTCNT RNDCLEARPOOL RNDRESEEDCRNG RTC_AIE_ON RTC_AIE_OFF RTC_UIE_ON RTC_UIE_OFF "
        "RTC_PIE_ON RTC_PIE_OFF RTC_WIE_ON RTC_WIE_OFF RTC_VL_CLR LOOP_CLR_FD LOOP_SET_CAPACITY "
        "LOOP_CTL_GET_FREE FIFREEZE FITHAW NBD_DISCONNECT NBD_CLEAR_SOCK NBD_DO_IT "
        "NBD_CLEAR_QUE NBD_PRINT_DEBUG WDIOC_KEEPALIVE COUNTER_ENABLE_EVENTS_IOCTL "
        "COUNTER_DISABLE_EVENTS_IOCTL SG_GET_TIMEOUT UBI_IOCVOLCRBLK UBI_IOCVOLRMBLK KDENABIO "
        "KDDISABIO KDMAPDISP KDUNMAPDISP PIO_FONTRESET BTRFS_IOC_TRANS_START "
        "BTRFS_IOC_TRANS_END BTRFS_IOC_SYNC BTRFS_IOC_SCRUB_CANCEL BTRFS_IOC_QUOTA_RESCAN_WAIT "
        "BTRFS_IOC_DEFRAG BTRFS_IOC_BALANCE",
    # --- block devices --------------------------------------------------------------------------
    "arg out ptr(ushort)": "BLKSECTGET BLKROTATIONAL",
    "arg out ptr(uint)": "BLKIOMIN BLKIOOPT BLKPBSZGET BLKDISCARDZEROES BLKGETZONESZ "
                         "BLKGETNRZONES OTPGETREGIONCOUNT EVIOCGEFFECTS VIDIOC_G_INPUT",
    "arg ptr(uint)": "EVIOCSCLOCKID VIDIOC_S_INPUT",
    "arg out ptr(long)": "BLKRAGET BLKFRAGET",
    "arg out ptr(ulong)": "BLKGETSIZE RTC_IRQP_READ RTC_EPOCH_READ HDIO_GET_32BIT "
                          "HDIO_GET_ACOUSTIC HDIO_GET_ADDRESS HDIO_GET_DMA "
                          "HDIO_GET_KEEPSETTINGS HDIO_GET_MULTCOUNT HDIO_GET_NOWERR "
                          "HDIO_GET_UNMASKINTR HDIO_GET_WCACHE",
    "arg out ptr(u64)": "BLKGETSIZE64 BLKGETDISKSEQ PERF_EVENT_IOC_ID BTRFS_IOC_START_SYNC",
    "arg ptr(u64)": "MEMGETBADBLOCK MEMSETBADBLOCK PERF_EVENT_IOC_PERIOD "
                    "BTRFS_IOC_DEFAULT_SUBVOL BTRFS_IOC_WAIT_SYNC",
    "arg ptr(s64)": "UBI_IOCVOLUP",
    "arg ulong": "BLKRASET BLKFRASET RTC_EPOCH_SET RTC_IRQP_SET LOOP_SET_DIRECT_IO "
                 "LOOP_SET_BLOCK_SIZE NBD_SET_BLKSIZE NBD_SET_SIZE NBD_SET_SIZE_BLOCKS "
                 "NBD_SET_TIMEOUT PERF_EVENT_IOC_PAUSE_OUTPUT EVIOCGRAB EVIOCREVOKE "
                 "HDIO_SET_32BIT HDIO_SET_ACOUSTIC HDIO_SET_ADDRESS HDIO_SET_DMA "
                 "HDIO_SET_KEEPSETTINGS HDIO_SET_MULTCOUNT HDIO_SET_NOWERR HDIO_SET_PIO_MODE "
                 "HDIO_SET_UNMASKINTR HDIO_SET_WCACHE HDIO_UNREGISTER_HWIF",
    "arg ptr(u64_pair)": "BLKDISCARD BLKSECDISCARD BLKZEROOUT",
    "arg ptr(blkpg_ioctl_arg)": "BLKPG",
    "arg grow(blk_user_trace_setup, blk_user_trace_setup, blk_user_trace_setup.then)":
        "BLKTRACESETUP",
    "arg out ptr(hd_geometry)": "HDIO_GETGEO",
    "arg drive_command": "HDIO_DRIVE_CMD",
    "arg ptr(array(hex32, 3))": "HDIO_DRIVE_RESET HDIO_SCAN_HWIF",
    "arg out ptr(enum_long(hdio_busstates))": "HDIO_GET_BUSSTATE",
    "arg enum(hdio_busstates)": "HDIO_SET_BUSSTATE",
    "arg out ptr(flags(hdio_ide_nice))": "HDIO_GET_NICE",
    "arg flags(hdio_ide_nice)": "HDIO_SET_NICE",
    "arg out buf_or_addr(512)": "HDIO_GET_IDENTITY",
    "arg out buf_or_addr(142)": "HDIO_OBSOLETE_IDENTITY",
    "arg out ptr(loop_info)": "LOOP_GET_STATUS",
    "arg ptr(loop_info)": "LOOP_SET_STATUS",
    "arg out ptr(loop_info64)": "LOOP_GET_STATUS64",
    "arg ptr(loop_info64)": "LOOP_SET_STATUS64",
    "arg ptr(loop_config)": "LOOP_CONFIGURE",
    "arg low_fd": "LOOP_SET_FD LOOP_CHANGE_FD NBD_SET_SOCK PERF_EVENT_IOC_SET_OUTPUT "
                  "PERF_EVENT_IOC_SET_BPF",
    "arg flags(nbd_ioctl_flags)": "NBD_SET_FLAGS",
    "arg sg_io": "SG_IO",
    "arg out ptr(sg_scsi_id)": "SG_GET_SCSI_ID",
    "arg out ptr(sg_req_info)": "SG_GET_REQUEST_TABLE",
    "arg ptr(sg_reset)": "SG_SCSI_RESET",
    "arg low_hex": "SG_SET_TRANSFORM",
    "arg buf(1)": "TIOCSTI",
    # --- file systems ---------------------------------------------------------------------------
    "arg ptr(file_clone_range)": "FICLONERANGE",
    "arg dedupe": "FIDEDUPERANGE",
    "arg out chars_at(256)": "FS_IOC_GETFSLABEL",
    "arg chars_at(256)": "FS_IOC_SETFSLABEL",
    "arg ptr(fstrim_range)": "FITRIM",
    "arg out ptr(fsxattr)": "FS_IOC_FSGETXATTR",
    "arg shaped(fsxattr, fsxattr.set)": "FS_IOC_FSSETXATTR",
    "arg turn(fiemap, fiemap.in, fiemap.out)": "FS_IOC_FIEMAP",
    "arg out ptr(flags32(fs_ioc_flags))": "FS_IOC_GETFLAGS FS_IOC32_GETFLAGS",
    "arg ptr(flags32(fs_ioc_flags))": "FS_IOC_SETFLAGS FS_IOC32_SETFLAGS",
    "arg ptr(rand_pool_info)": "RNDADDENTROPY",
    # --- clocks, watchdogs ----------------------------------------------------------------------
    "arg out ptr(rtc_time)": "RTC_RD_TIME RTC_ALM_READ",
    "arg ptr(rtc_time)": "RTC_SET_TIME RTC_ALM_SET",
    "arg out ptr(rtc_wkalrm)": "RTC_WKALM_RD",
    "arg ptr(rtc_wkalrm)": "RTC_WKALM_SET",
    "arg out ptr(rtc_pll_info)": "RTC_PLL_GET",
    "arg ptr(rtc_pll_info)": "RTC_PLL_SET",
    "arg out ptr(flags32(rtc_vl_flags))": "RTC_VL_READ",
    "arg turn(rtc_param, rtc_param.in, rtc_param.out, 1)": "RTC_PARAM_GET",
    "arg ptr(rtc_param)": "RTC_PARAM_SET",
    "arg out ptr(ptp_clock_caps)": "PTP_CLOCK_GETCAPS PTP_CLOCK_GETCAPS2",
    "arg shaped(ptp_extts_request, ptp_extts_request.1)": "PTP_EXTTS_REQUEST",
    "arg ptr(ptp_extts_request)": "PTP_EXTTS_REQUEST2",
    "arg shaped(ptp_perout_request, ptp_perout_request.1)": "PTP_PEROUT_REQUEST",
    "arg ptr(ptp_perout_request)": "PTP_PEROUT_REQUEST2",
    "arg grow(ptp_sys_offset, ptp_sys_offset.in, ptp_sys_offset.out)":
        "PTP_SYS_OFFSET PTP_SYS_OFFSET2",
    "arg grow(ptp_sys_offset_extended, ptp_sys_offset_extended.in, "
    "ptp_sys_offset_extended.out)": "PTP_SYS_OFFSET_EXTENDED PTP_SYS_OFFSET_EXTENDED2",
    "arg out ptr(ptp_sys_offset_precise)": "PTP_SYS_OFFSET_PRECISE PTP_SYS_OFFSET_PRECISE2",
    "arg grow(ptp_pin_desc, ptp_pin_desc.in, ptp_pin_desc.get)": "PTP_PIN_GETFUNC",
    "arg grow(ptp_pin_desc, ptp_pin_desc.in2, ptp_pin_desc.get)": "PTP_PIN_GETFUNC2",
    "arg shaped(ptp_pin_desc, ptp_pin_desc.set)": "PTP_PIN_SETFUNC",
    "arg shaped(ptp_pin_desc, ptp_pin_desc.set2)": "PTP_PIN_SETFUNC2",
    # --- infrared, counters ---------------------------------------------------------------------
    "arg out ptr(flags32(lirc_features))": "LIRC_GET_FEATURES",
    "arg out ptr(enum(lirc_modes))": "LIRC_GET_SEND_MODE LIRC_GET_REC_MODE",
    "arg ptr(enum(lirc_modes))": "LIRC_SET_SEND_MODE LIRC_SET_REC_MODE",
    "arg ptr(hex32)": "LIRC_SET_TRANSMITTER_MASK",
    "arg ptr(counter_watch)": "COUNTER_ADD_WATCH_IOCTL",
    # --- flash memory ---------------------------------------------------------------------------
    "arg ptr(erase_info_user)": "MEMERASE MEMLOCK MEMUNLOCK MEMISLOCKED",
    "arg ptr(erase_info_user64)": "MEMERASE64",
    "arg ptr(mtd_oob_buf)": "MEMWRITEOOB MEMREADOOB",
    "arg ptr(mtd_oob_buf64)": "MEMWRITEOOB64 MEMREADOOB64",
    "arg ptr(mtd_write_req)": "MEMWRITE",
    "arg out ptr(otp_info)": "OTPGETREGIONINFO",
    "arg ptr(otp_info)": "OTPLOCK",
    "arg ptr(enum(mtd_otp_options))": "OTPSELECT",
    "arg enum(mtd_file_mode_options)": "MTDFILEMODE",
    "arg out ptr(mtd_info_user)": "MEMGETINFO",
    "arg out ptr(nand_oobinfo)": "MEMGETOOBSEL",
    "arg out ptr(nand_ecclayout_user)": "ECCGETLAYOUT",
    "arg out ptr(mtd_ecc_stats)": "ECCGETSTATS",
    "arg grow(region_info_user, region_info_user.in, region_info_user.out)": "MEMGETREGIONINFO",
    "arg turn(ubi_mkvol_req, ubi_mkvol_req, int)": "UBI_IOCMKVOL",
    "arg ptr(ubi_rsvol_req)": "UBI_IOCRSVOL",
    "arg ptr(ubi_rnvol_req)": "UBI_IOCRNVOL",
    "arg ptr(ubi_leb_change_req)": "UBI_IOCEBCH",
    "arg turn(ubi_attach_req, ubi_attach_req, int)": "UBI_IOCATT",
    "arg ptr(ubi_map_req)": "UBI_IOCEBMAP",
    "arg ptr(ubi_set_vol_prop_req)": "UBI_IOCSETVOLPROP",
    # --- general purpose input and output -------------------------------------------------------
    "arg out ptr(gpiochip_info)": "GPIO_GET_CHIPINFO_IOCTL",
    "arg turn(gpioline_info, gpioline_info.in, gpioline_info.out)":
        "GPIO_GET_LINEINFO_IOCTL GPIO_GET_LINEINFO_WATCH_IOCTL",
    "arg ptr(gpio_offset)": "GPIO_GET_LINEINFO_UNWATCH_IOCTL",
    "arg turn(gpiohandle_request, gpiohandle_request.in, gpiohandle_request.out)":
        "GPIO_GET_LINEHANDLE_IOCTL",
    "arg turn(gpioevent_request, gpioevent_request.in, gpioevent_request.out)":
        "GPIO_GET_LINEEVENT_IOCTL",
    "arg out ptr(gpiohandle_data)": "GPIOHANDLE_GET_LINE_VALUES_IOCTL",
    "arg ptr(gpiohandle_data)": "GPIOHANDLE_SET_LINE_VALUES_IOCTL",
    "arg ptr(gpiohandle_config)": "GPIOHANDLE_SET_CONFIG_IOCTL",
    "arg turn(gpio_v2_line_info, gpio_v2_line_info.in, gpio_v2_line_info.out)":
        "GPIO_V2_GET_LINEINFO_IOCTL GPIO_V2_GET_LINEINFO_WATCH_IOCTL",
    "arg turn(gpio_v2_line_request, gpio_v2_line_request.in, gpio_v2_line_request.out)":
        "GPIO_V2_GET_LINE_IOCTL",
    "arg ptr(gpio_v2_line_config)": "GPIO_V2_LINE_SET_CONFIG_IOCTL",
    "arg turn(gpio_v2_line_values, gpio_v2_line_values.in, gpio_v2_line_values.out)":
        "GPIO_V2_LINE_GET_VALUES_IOCTL",
    "arg ptr(gpio_v2_line_values)": "GPIO_V2_LINE_SET_VALUES_IOCTL",
    # --- trusted execution environments ---------------------------------------------------------
    "arg out ptr(tee_version)": "TEE_IOC_VERSION",
    "arg tee_buffer(tee_open_session)": "TEE_IOC_OPEN_SESSION",
    "arg tee_buffer(tee_invoke)": "TEE_IOC_INVOKE",
    "arg tee_buffer(tee_supp_recv)": "TEE_IOC_SUPPL_RECV",
    "arg tee_buffer(tee_supp_send)": "TEE_IOC_SUPPL_SEND",
    "arg ptr(tee_cancel)": "TEE_IOC_CANCEL",
    "arg ptr(tee_close_session)": "TEE_IOC_CLOSE_SESSION",
    "arg turn(tee_shm_alloc, tee_shm_alloc.in, tee_shm_alloc.out)": "TEE_IOC_SHM_ALLOC",
    "arg turn(tee_shm_register_fd, tee_shm_register_fd.in, tee_shm_register_fd.out)":
        "0xc020a408",
    "arg turn(tee_shm_register, tee_shm_register.in, tee_shm_register.out)":
        "TEE_IOC_SHM_REGISTER",
    # --- user faults, seccomp, performance events, namespaces -----------------------------------
    "arg uffd_api": "UFFDIO_API",
    "arg grow(uffdio_copy, uffdio_copy.in, uffdio_copy.out)": "UFFDIO_COPY",
    "arg grow(uffdio_register, uffdio_register.in, uffdio_register.out)": "UFFDIO_REGISTER",
    "arg ptr(uffdio_range)": "UFFDIO_UNREGISTER UFFDIO_WAKE",
    "arg grow(uffdio_zeropage, uffdio_zeropage.in, uffdio_zeropage.out)": "UFFDIO_ZEROPAGE",
    "arg seccomp_notification": "SECCOMP_IOCTL_NOTIF_RECV",
    "arg ptr(seccomp_notif_resp)": "SECCOMP_IOCTL_NOTIF_SEND",
    "arg ptr(hex64)":
        "SECCOMP_IOCTL_NOTIF_ID_VALID SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR VIDIOC_S_STD",
    "arg ptr(seccomp_notif_addfd)": "SECCOMP_IOCTL_NOTIF_ADDFD",
    "arg flags(perf_ioctl_flags)":
        "PERF_EVENT_IOC_ENABLE PERF_EVENT_IOC_DISABLE PERF_EVENT_IOC_RESET",
    "arg text(4096)": "PERF_EVENT_IOC_SET_FILTER",
    "arg perf_query_bpf": "PERF_EVENT_IOC_QUERY_BPF",
    "arg perf_event_attr": "PERF_EVENT_IOC_MODIFY_ATTRIBUTES",
    "-> fd": "NS_GET_USERNS NS_GET_PARENT",
    "arg out ptr(uid)": "NS_GET_OWNER_UID",
    "-> enum(setns_types)": "NS_GET_NSTYPE",
    # --- input devices --------------------------------------------------------------------------
    "arg out ptr(hex32)": "EVIOCGVERSION",
    "arg out ptr(input_id)": "EVIOCGID",
    "arg out ptr(array(uint, 2))": "EVIOCGREP",
    "arg ptr(array(uint, 2))": "EVIOCSREP",
    "arg out key_pair": "EVIOCGKEYCODE",
    "arg key_pair": "EVIOCSKEYCODE",
    "arg out ptr(input_keymap_entry)": "EVIOCGKEYCODE_V2",
    "arg ptr(input_keymap_entry)": "EVIOCSKEYCODE_V2",
    "arg ptr(ff_effect)": "EVIOCSFF",
    # --- consoles -------------------------------------------------------------------------------
    "arg sound": "KIOCSOUND",
    "arg tone": "KDMKTONE",
    "arg out ptr(flags8(kd_led_flags))": "KDGETLED",
    "arg low_uchar(flags(kd_led_flags))": "KDSETLED",
    "arg out ptr(flags8(kd_default_led_flags))": "KDGKBLED",
    "arg low_uchar(flags(kd_default_led_flags))": "KDSKBLED",
    "arg out ptr(enum8(kd_kbd_types))": "KDGKBTYPE",
    "arg vga_port": "KDADDIO KDDELIO",
    "arg low_enum(kd_modes)": "KDSETMODE",
    "arg out ptr(enum(kd_modes))": "KDGETMODE",
    "arg out buf_or_addr(256, 1)": "GIO_SCRNMAP",
    "arg buf_or_addr(256, 1)": "PIO_SCRNMAP",
    "arg out unicode_map": "GIO_UNISCRNMAP",
    "arg unicode_map": "PIO_UNISCRNMAP",
    "arg low_enum(kd_kbd_modes)": "KDSKBMODE",
    "arg out ptr(enum(kd_kbd_modes))": "KDGKBMODE",
    "arg key_entry(1)": "KDGKBENT",
    "arg key_entry(0)": "KDSKBENT",
    "arg key_string(1)": "KDGKBSENT",
    "arg key_string(0)": "KDSKBSENT",
    "arg out ptr(kbdiacrs)": "KDGKBDIACR",
    "arg ptr(kbdiacrs)": "KDSKBDIACR",
    "arg out shaped(kbdiacrs, kbdiacrsuc)": "KDGKBDIACRUC",
    "arg shaped(kbdiacrs, kbdiacrsuc)": "KDSKBDIACRUC",
    "arg key_code": "KDGETKEYCODE",
    "arg ptr(kbkeycode)": "KDSETKEYCODE",
    "arg high_signal": "KDSIGACCEPT",
    "arg turn(kbd_repeat, kbd_repeat, kbd_repeat)": "KDKBDREP",
    "arg out buf_or_addr(8192, 1)": "GIO_FONT",
    "arg buf_or_addr(8192, 1)": "PIO_FONT",
    "arg out ptr(enum(kd_meta_vals))": "KDGKBMETA",
    "arg low_enum(kd_meta_vals)": "KDSKBMETA",
    "arg ptr(unimapinit)": "PIO_UNIMAPCLR",
    "arg out buf_or_addr(48, 1)": "GIO_CMAP",
    "arg buf_or_addr(48, 1)": "PIO_CMAP",
    "arg unicode_entries(1)": "GIO_UNIMAP",
    "arg unicode_entries(0)": "PIO_UNIMAP",
    "arg console_font(1)": "GIO_FONTX",
    "arg console_font(0)": "PIO_FONTX",
    "arg console_font_op": "KDFONTOP",
    # --- video devices --------------------------------------------------------------------------
    "arg out ptr(v4l2_capability)": "VIDIOC_QUERYCAP",
    "arg grow(v4l2_fmtdesc, v4l2_fmtdesc.in, v4l2_fmtdesc.out)": "VIDIOC_ENUM_FMT",
    "arg grow(v4l2_format, v4l2_format.type, v4l2_format.fmt)": "VIDIOC_G_FMT",
    "arg v4l2_set_format": "VIDIOC_S_FMT VIDIOC_TRY_FMT",
    "arg amend(v4l2_requestbuffers, v4l2_requestbuffers.in)": "VIDIOC_REQBUFS",
    "arg grow(v4l2_buffer, v4l2_buffer.in, v4l2_buffer.out)": "VIDIOC_QUERYBUF VIDIOC_QBUF",
    "arg grow(v4l2_buffer, v4l2_buffer.type, v4l2_buffer.dequeued)": "VIDIOC_DQBUF",
    "arg out ptr(v4l2_framebuffer)": "VIDIOC_G_FBUF",
    "arg ptr(v4l2_framebuffer)": "VIDIOC_S_FBUF",
    "arg ptr(enum(v4l2_buf_types))": "VIDIOC_STREAMON VIDIOC_STREAMOFF",
    "arg grow(v4l2_streamparm, v4l2_streamparm.type, v4l2_streamparm.parm)": "VIDIOC_G_PARM",
    "arg turn(v4l2_streamparm, v4l2_streamparm, v4l2_streamparm.parm)": "VIDIOC_S_PARM",
    "arg out ptr(hex64)": "VIDIOC_G_STD",
    "arg grow(v4l2_standard, v4l2_standard.in, v4l2_standard.out)": "VIDIOC_ENUMSTD",
    "arg grow(v4l2_input, v4l2_input.in, v4l2_input.out)": "VIDIOC_ENUMINPUT",
    "arg grow(v4l2_control, v4l2_control.id, v4l2_control.value)": "VIDIOC_G_CTRL",
    "arg amend(v4l2_control, v4l2_control)": "VIDIOC_S_CTRL",
    "arg grow(v4l2_tuner, v4l2_tuner.in, v4l2_tuner.out)": "VIDIOC_G_TUNER",
    "arg turn(v4l2_tuner, v4l2_tuner, v4l2_tuner.out)": "VIDIOC_S_TUNER",
    "arg v4l2_query(v4l2_queryctrl)": "VIDIOC_QUERYCTRL",
    "arg v4l2_query(v4l2_query_ext_ctrl)": "VIDIOC_QUERY_EXT_CTRL",
    "arg grow(v4l2_cropcap, v4l2_cropcap.in, v4l2_cropcap.out)": "VIDIOC_CROPCAP",
    "arg grow(v4l2_crop, v4l2_crop.in, v4l2_crop.out)": "VIDIOC_G_CROP",
    "arg ptr(v4l2_crop)": "VIDIOC_S_CROP",
    "arg v4l2_controls(1)": "VIDIOC_G_EXT_CTRLS",
    "arg v4l2_controls(0)": "VIDIOC_S_EXT_CTRLS VIDIOC_TRY_EXT_CTRLS",
    "arg grow(v4l2_frmsizeenum, v4l2_frmsizeenum.in, v4l2_frmsizeenum.out)":
        "VIDIOC_ENUM_FRAMESIZES",
    "arg grow(v4l2_frmivalenum, v4l2_frmivalenum.in, v4l2_frmivalenum.out)":
        "VIDIOC_ENUM_FRAMEINTERVALS",
    "arg ptr(v4l2_create_buffers) -> created_buffers": "VIDIOC_CREATE_BUFS",
    # --- btrfs ----------------------------------------------------------------------------------
    "arg low_enum(btrfs_balance_ctl_cmds)": "BTRFS_IOC_BALANCE_CTL",
    "arg out bare_flags(btrfs_snap_flags_v2)": "BTRFS_IOC_SUBVOL_GETFLAGS",
    "arg bare_flags(btrfs_snap_flags_v2)": "BTRFS_IOC_SUBVOL_SETFLAGS",
    "arg turn(btrfs_balance, btrfs_balance.in, btrfs_balance, 2)": "BTRFS_IOC_BALANCE_V2",
    "arg out ptr(btrfs_balance)": "BTRFS_IOC_BALANCE_PROGRESS",
    "arg ptr(btrfs_defrag_range_args)": "BTRFS_IOC_DEFRAG_RANGE",
    "arg turn(btrfs_dev_info_args, btrfs_dev_info_args.in, btrfs_dev_info_args.out)":
        "BTRFS_IOC_DEV_INFO",
    "arg turn(btrfs_replace_args, btrfs_replace_args.in, btrfs_replace_args.out)":
        "BTRFS_IOC_DEV_REPLACE",
    "arg out ptr(btrfs_feature_flags)": "BTRFS_IOC_GET_FEATURES",
    "arg btrfs_features(2)": "BTRFS_IOC_SET_FEATURES",
    "arg out btrfs_features(3)": "BTRFS_IOC_GET_SUPPORTED_FEATURES",
    "arg out ptr(btrfs_fs_info_args)": "BTRFS_IOC_FS_INFO",
    "arg turn(btrfs_dev_stats, btrfs_dev_stats.in, btrfs_dev_stats.out)":
        "BTRFS_IOC_GET_DEV_STATS",
    "arg turn(btrfs_ino_lookup_args, btrfs_ino_lookup_args.in, btrfs_ino_lookup_args.out)":
        "BTRFS_IOC_INO_LOOKUP",
    "arg turn(btrfs_ino_path_args, btrfs_ino_path_args.in, btrfs_ino_path_args.out)":
        "BTRFS_IOC_INO_PATHS",
    "arg turn(btrfs_logical_ino_args, btrfs_logical_ino_args.in, btrfs_logical_ino_args.out)":
        "BTRFS_IOC_LOGICAL_INO",
    "arg ptr(btrfs_qgroup_assign_args)": "BTRFS_IOC_QGROUP_ASSIGN",
    "arg ptr(btrfs_qgroup_create_args)": "BTRFS_IOC_QGROUP_CREATE",
    "arg out ptr(btrfs_qgroup_limit_args)": "BTRFS_IOC_QGROUP_LIMIT",
    "arg ptr(btrfs_quota_ctl_args)": "BTRFS_IOC_QUOTA_CTL",
    "arg shaped(btrfs_quota_rescan_args, btrfs_quota_rescan_args.set)": "BTRFS_IOC_QUOTA_RESCAN",
    "arg out ptr(btrfs_quota_rescan_args)": "BTRFS_IOC_QUOTA_RESCAN_STATUS",
    "arg turn(btrfs_received_subvol_args, btrfs_received_subvol_args.in, "
    "btrfs_received_subvol_args.out)": "BTRFS_IOC_SET_RECEIVED_SUBVOL",
    "arg turn(btrfs_scrub_args, btrfs_scrub_args.in, btrfs_scrub_args.out)": "BTRFS_IOC_SCRUB",
    "arg turn(btrfs_scrub_args, btrfs_scrub_args.id, btrfs_scrub_args.out)":
        "BTRFS_IOC_SCRUB_PROGRESS",
    "arg turn(btrfs_search_args, btrfs_search_args.in, btrfs_search_args.out)":
        "BTRFS_IOC_TREE_SEARCH",
    "arg turn(btrfs_search_args_v2, btrfs_search_args_v2.in, btrfs_search_args_v2.out)":
        "BTRFS_IOC_TREE_SEARCH_V2",
    "arg ptr(btrfs_send_args)": "BTRFS_IOC_SEND",
    "arg turn(btrfs_space_args, btrfs_space_args.in, btrfs_space_args.out)":
        "BTRFS_IOC_SPACE_INFO",
    "arg ptr(btrfs_vol_args)":
        "BTRFS_IOC_SNAP_CREATE BTRFS_IOC_RESIZE BTRFS_IOC_SCAN_DEV BTRFS_IOC_FORGET_DEV "
        "BTRFS_IOC_ADD_DEV BTRFS_IOC_RM_DEV BTRFS_IOC_SUBVOL_CREATE BTRFS_IOC_SNAP_DESTROY "
        "BTRFS_IOC_DEVICES_READY",
    "arg turn(btrfs_vol_args_v2, btrfs_vol_args_v2.in, btrfs_vol_args_v2.out)":
        "BTRFS_IOC_SNAP_CREATE_V2 BTRFS_IOC_SUBVOL_CREATE_V2",
    # --- virtual machines -----------------------------------------------------------------------
    "arg low_uint -> fd": "KVM_CREATE_VCPU",
    "arg hex -> fd": "KVM_CREATE_VM",
    "arg ptr(kvm_userspace_memory_region)": "KVM_SET_USER_MEMORY_REGION",
    "arg enum(kvm_cap)": "KVM_CHECK_EXTENSION",
    # --- sockets --------------------------------------------------------------------------------
    "arg inout ifconf": "SIOCGIFCONF",
    "arg text(16)": "SIOCBRADDBR SIOCBRDELBR",
    "arg shaped(ifreq, ifreq.bridge)": "SIOCBRADDIF SIOCBRDELIF",
    "arg grow(ifreq, ifreq.index, ifreq.name)": "SIOCGIFNAME",
    "arg addr":
        "SIOCADDDLCI SIOCADDRT SIOCBONDCHANGEACTIVE SIOCBONDENSLAVE SIOCBONDINFOQUERY "
        "SIOCBONDRELEASE SIOCBONDSETHWADDR SIOCBONDSLAVEINFOQUERY SIOCDARP SIOCDELDLCI SIOCDELRT "
        "SIOCDIFADDR SIOCDRARP SIOCETHTOOL SIOCGARP SIOCGHWTSTAMP SIOCGIFBR SIOCGIFCOUNT "
        "SIOCGIFMEM SIOCGIFPFLAGS SIOCGIFVLAN SIOCGMIIPHY SIOCGMIIREG SIOCGRARP SIOCGSKNS "
        "SIOCGSTAMP_OLD SIOCGSTAMP_NEW SIOCGSTAMPNS_OLD SIOCGSTAMPNS_NEW SIOCRTMSG SIOCSARP "
        "SIOCSHWTSTAMP SIOCSIFBR SIOCSIFLINK SIOCSIFMEM SIOCSIFPFLAGS SIOCSIFVLAN SIOCSMIIREG "
        "SIOCSRARP SIOCWANDEV",
}

ROWS: dict[str, str] = {name: row for row, names in _GROUPS.items() for name in names.split()}

# requests of interfaces: what of struct ifreq they set, or get by name
_INTERFACE = {
    "addr": "ADDR", "dstaddr": "DSTADDR", "broadaddr": "BRDADDR", "netmask": "NETMASK",
    "hwaddr": "HWADDR", "flags": "FLAGS", "metric": "METRIC", "mtu": "MTU", "slave": "SLAVE",
    "qlen": "TXQLEN", "map": "MAP",
}
for _field, _suffix in _INTERFACE.items():
    ROWS[f"SIOCSIF{_suffix}"] = f"arg shaped(ifreq, ifreq.set_{_field})"
    ROWS[f"SIOCGIF{_suffix}"] = f"arg grow(ifreq, ifreq.name, ifreq.{_field})"
ROWS["SIOCGIFINDEX"] = "arg grow(ifreq, ifreq.name, ifreq.ifindex)"
ROWS["SIOCSIFNAME"] = "arg shaped(ifreq, ifreq.set_newname)"
for _name in ("SIOCADDMULTI", "SIOCDELMULTI", "SIOCSIFHWBROADCAST"):
    ROWS[_name] = "arg shaped(ifreq, ifreq.set_hwaddr)"

for _name in ("LIRC_SET_SEND_CARRIER", "LIRC_SET_REC_CARRIER", "LIRC_SET_SEND_DUTY_CYCLE",
              "LIRC_SET_REC_TIMEOUT", "LIRC_SET_REC_TIMEOUT_REPORTS",
              "LIRC_SET_MEASURE_CARRIER_MODE", "LIRC_SET_REC_CARRIER_RANGE",
              "LIRC_SET_WIDEBAND_RECEIVER"):
    ROWS[_name] = "arg ptr(uint)"
for _name in ("LIRC_GET_REC_RESOLUTION", "LIRC_GET_MIN_TIMEOUT", "LIRC_GET_MAX_TIMEOUT",
              "LIRC_GET_LENGTH", "LIRC_GET_REC_TIMEOUT"):
    ROWS[_name] = "arg out ptr(uint)"

for _i, _name in enumerate((
        "DM_VERSION", "DM_REMOVE_ALL", "DM_LIST_DEVICES", "DM_DEV_CREATE", "DM_DEV_REMOVE",
        "DM_DEV_RENAME", "DM_DEV_SUSPEND", "DM_DEV_STATUS", "DM_DEV_WAIT", "DM_TABLE_LOAD",
        "DM_TABLE_CLEAR", "DM_TABLE_DEPS", "DM_TABLE_STATUS", "DM_LIST_VERSIONS",
        "DM_TARGET_MSG", "DM_DEV_SET_GEOMETRY", "DM_DEV_ARM_POLL")):
    ROWS[_name] = f"arg mapper({_i})"

# what virtual machines of this processor have
OWN: dict[str, dict[str, str]] = {
    "x86_64": {
        "KVM_GET_REGS": "arg out ptr(kvm_regs)", "KVM_SET_REGS": "arg ptr(kvm_regs)",
        "KVM_GET_SREGS": "arg out ptr(kvm_sregs)", "KVM_SET_SREGS": "arg ptr(kvm_sregs)",
        "KVM_SET_CPUID2": "arg ptr(kvm_cpuid2)",
        "KVM_GET_SUPPORTED_CPUID": "arg out ptr(kvm_cpuid2)",
        "KVM_GET_EMULATED_CPUID": "arg out ptr(kvm_cpuid2)",
    },
}
OWN["i386"] = OWN["x86_64"]
