"""ioctl requests by name → their argument, as a row (see tracer.decode.commands).

Requests that are not here print their argument in hexadecimal.  An empty row: no argument.
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
    "arg low_int": "TCSBRK TCSBRKP TIOCSCTTY",
    "arg out ptr(flags32(modem_flags))": "TIOCMGET",
    "arg ptr(flags32(modem_flags))": "TIOCMBIS TIOCMBIC TIOCMSET",
    "arg out ptr(int)": "TIOCGPGRP TIOCGSID TIOCGETD TIOCGSOFTCAR TIOCGPTN FIONREAD TIOCOUTQ "
                        "TIOCGEXCL TIOCGDEV",
    "arg ptr(int)": "TIOCSPGRP TIOCSETD FIONBIO FIOASYNC TIOCPKT TIOCSSOFTCAR TIOCSPTLCK",
    "": "TIOCSBRK TIOCCBRK TIOCCONS TIOCNOTTY TIOCEXCL TIOCNXCL FIOCLEX FIONCLEX TIOCVHANGUP "
        "TIOCSSERIAL BLKRRPART BLKFLSBUF PERF_EVENT_IOC_ENABLE_ALL NS_GET_USERNS NS_GET_PARENT",
    # --- block devices --------------------------------------------------------------------------
    "arg out ptr(ushort)": "BLKSECTGET BLKROTATIONAL",
    "arg out ptr(uint)": "BLKIOMIN BLKIOOPT BLKPBSZGET BLKDISCARDZEROES",
    "arg out ptr(long)": "BLKRAGET BLKFRAGET",
    "arg out ptr(ulong)": "BLKGETSIZE",
    "arg out ptr(u64)": "BLKGETSIZE64 BLKGETDISKSEQ",
    "arg ulong": "BLKRASET BLKFRASET RTC_EPOCH_SET RTC_IRQP_SET",
    "arg ptr(u64_pair)": "BLKDISCARD BLKSECDISCARD BLKZEROOUT",
    # --- file systems ---------------------------------------------------------------------------
    "arg low_fd": "FICLONE LOOP_SET_FD LOOP_CHANGE_FD",
    "arg ptr(file_clone_range)": "FICLONERANGE",
    # --- sockets --------------------------------------------------------------------------------
    "arg out ifconf": "SIOCGIFCONF",
    # --- clocks, random numbers, watchdogs ------------------------------------------------------
    "arg out ptr(rtc_time)": "RTC_RD_TIME RTC_ALM_READ",
    "arg ptr(rtc_time)": "RTC_SET_TIME RTC_ALM_SET",
    "arg out ptr(rtc_wkalrm)": "RTC_WKALM_RD",
    "arg ptr(rtc_wkalrm)": "RTC_WKALM_SET",
    "arg out ptr(watchdog_info)": "WDIOC_GETSUPPORT",
    # --- namespaces -----------------------------------------------------------------------------
    "arg out ptr(uid)": "NS_GET_OWNER_UID",
    "-> enum(setns_types)": "NS_GET_NSTYPE",
}

ROWS: dict[str, str] = {name: row for row, names in _GROUPS.items() for name in names.split()}

for _name in ("BLKROGET", "BLKBSZGET", "BLKSSZGET", "BLKALIGNOFF", "RNDGETENTCNT",
              "WDIOC_GETSTATUS", "WDIOC_GETBOOTSTATUS", "WDIOC_GETTEMP", "WDIOC_GETTIMEOUT",
              "WDIOC_GETPRETIMEOUT", "WDIOC_GETTIMELEFT"):
    ROWS[_name] = "arg out ptr(int)"
for _name in ("BLKROSET", "BLKBSZSET", "RNDADDTOENTCNT"):
    ROWS[_name] = "arg ptr(int)"
for _name in ("RNDZAPENTCNT", "RNDCLEARPOOL", "RNDRESEEDCRNG", "RTC_AIE_ON", "RTC_AIE_OFF",
              "RTC_UIE_ON", "RTC_UIE_OFF", "RTC_PIE_ON", "RTC_PIE_OFF", "RTC_WIE_ON",
              "RTC_WIE_OFF", "RTC_VL_CLR", "LOOP_CLR_FD", "LOOP_SET_CAPACITY"):
    ROWS[_name] = ""
for _name in ("NS_GET_USERNS", "NS_GET_PARENT"):
    ROWS[_name] = "-> fd"
