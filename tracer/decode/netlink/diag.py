"""NETLINK_SOCK_DIAG and what other protocols' messages carry.

Sources: linux/sock_diag.h, linux/inet_diag.h, linux/unix_diag.h, linux/netlink_diag.h,
linux/packet_diag.h, linux/smc_diag.h, linux/tls.h, linux/mptcp.h, linux/cryptouser.h.
"""
from __future__ import annotations

# family: request, answer; each a header structure and a table of its attributes.  A request of
# the old message types (before SOCK_DIAG_BY_FAMILY) has a header of its own.
FAMILIES = """
AF_UNIX: unix_diag_req - unix_diag_msg unix_diag
AF_INET: inet_diag_req_v2 inet_request inet_diag_msg inet_diag
AF_INET6: inet_diag_req_v2 inet_request inet_diag_msg inet_diag
AF_NETLINK: netlink_diag_req - netlink_diag_msg netlink_diag
AF_PACKET: packet_diag_req - packet_diag_msg packet_diag
AF_SMC: smc_diag_req - smc_diag_msg smc_diag
"""
OLD_REQUESTS = {"inet_diag_req_v2": "inet_diag_req"}
OLD_TYPES = ("TCPDIAG_GETSOCK", "DCCPDIAG_GETSOCK")

TABLES: dict[str, str] = {
    "inet_request": """
inet_diag_req_attrs
bytecode: INET_DIAG_REQ_BYTECODE
enum(inet_protocols): INET_DIAG_REQ_PROTOCOL
""",
    "inet_diag": """
inet_diag_attrs
struct(inet_diag_meminfo): INET_DIAG_MEMINFO
struct(tcpvegas_info): INET_DIAG_VEGASINFO
str: INET_DIAG_CONG
u8: INET_DIAG_TOS INET_DIAG_TCLASS INET_DIAG_SKV6ONLY
indexed(uint, netlink_sk_meminfo_indices): INET_DIAG_SKMEMINFO
spelled_flags(inet_diag_shutdown_flags, 1): INET_DIAG_SHUTDOWN
struct(tcp_dctcp_info): INET_DIAG_DCTCPINFO
enum(inet_protocols): INET_DIAG_PROTOCOL
sockaddrs: INET_DIAG_LOCALS INET_DIAG_PEERS
u32: INET_DIAG_MARK INET_DIAG_CLASS_ID
struct(tcp_bbr_info): INET_DIAG_BBRINFO
md5_keys: INET_DIAG_MD5SIG
nest(ulp): INET_DIAG_ULP_INFO
nest(bpf_storages): INET_DIAG_SK_BPF_STORAGES
u64: INET_DIAG_CGROUP_ID
socket_bits: INET_DIAG_SOCKOPT
""",
    "ulp": """
inet_diag_ulp_info_attrs
str: INET_ULP_INFO_NAME
nest(tls): INET_ULP_INFO_TLS
nest(mptcp): INET_ULP_INFO_MPTCP
""",
    "tls": """
inet_diag_ulp_info_tls_attrs
enum(tls_info_versions, 2): TLS_INFO_VERSION
enum(tls_info_ciphers, 2): TLS_INFO_CIPHER
enum(tls_info_configs, 2): TLS_INFO_TXCONF TLS_INFO_RXCONF
""",
    "mptcp": """
inet_diag_ulp_info_mptcp_attrs
x32: MPTCP_SUBFLOW_ATTR_TOKEN_REM MPTCP_SUBFLOW_ATTR_TOKEN_LOC
u32: MPTCP_SUBFLOW_ATTR_RELWRITE_SEQ MPTCP_SUBFLOW_ATTR_MAP_SFSEQ MPTCP_SUBFLOW_ATTR_SSN_OFFSET
u64: MPTCP_SUBFLOW_ATTR_MAP_SEQ
u16: MPTCP_SUBFLOW_ATTR_MAP_DATALEN
flags(mptcp_subflow_flags, 4): MPTCP_SUBFLOW_ATTR_FLAGS
u8: MPTCP_SUBFLOW_ATTR_ID_REM MPTCP_SUBFLOW_ATTR_ID_LOC
""",
    "bpf_storages": """
inet_diag_bpf_storages_attrs
nest(bpf_storage): SK_DIAG_BPF_STORAGE
""",
    "bpf_storage": """
inet_diag_bpf_storage_attrs
u32: SK_DIAG_BPF_STORAGE_MAP_ID
xint: SK_DIAG_BPF_STORAGE_MAP_VALUE
""",
    "unix_diag": """
unix_diag_attrs
str: UNIX_DIAG_NAME
struct(unix_diag_vfs): UNIX_DIAG_VFS
u32: UNIX_DIAG_PEER
array(uint): UNIX_DIAG_ICONS
struct(unix_diag_rqlen): UNIX_DIAG_RQLEN
indexed(uint, netlink_sk_meminfo_indices): UNIX_DIAG_MEMINFO
u8: UNIX_DIAG_SHUTDOWN
uid: UNIX_DIAG_UID
""",
    "netlink_diag": """
netlink_diag_attrs
indexed(uint, netlink_sk_meminfo_indices): NETLINK_DIAG_MEMINFO
array(padded): NETLINK_DIAG_GROUPS
struct(netlink_diag_ring): NETLINK_DIAG_RX_RING NETLINK_DIAG_TX_RING
first_flags(netlink_socket_flags, 4): NETLINK_DIAG_FLAGS
""",
    "packet_diag": """
packet_diag_attrs
struct(packet_diag_info): PACKET_DIAG_INFO
array(packet_diag_mclist): PACKET_DIAG_MCLIST
struct(packet_diag_ring): PACKET_DIAG_RX_RING PACKET_DIAG_TX_RING
u32: PACKET_DIAG_FANOUT
uid: PACKET_DIAG_UID
indexed(uint, netlink_sk_meminfo_indices): PACKET_DIAG_MEMINFO
socket_filter: PACKET_DIAG_FILTER
""",
    "smc_diag": """
smc_diag_attrs
struct(smc_diag_conninfo): SMC_DIAG_CONNINFO
struct(smc_diag_lgrinfo): SMC_DIAG_LGRINFO
flags(sock_shutdown_flags, 1): SMC_DIAG_SHUTDOWN
struct(smcd_diag_dmbinfo): SMC_DIAG_DMBINFO
struct(smc_diag_fallback): SMC_DIAG_FALLBACK
""",
    # -- errors, cryptography, packet filters
    "error": """
nlmsgerr_attrs
str: NLMSGERR_ATTR_MSG
u32: NLMSGERR_ATTR_OFFS
bytes: NLMSGERR_ATTR_COOKIE
""",
    "crypto": """
crypto_nl_attrs
u32: CRYPTOCFGA_PRIORITY_VAL
report_name: CRYPTOCFGA_REPORT_LARVAL CRYPTOCFGA_REPORT_COMPRESS CRYPTOCFGA_REPORT_AKCIPHER
report_name: CRYPTOCFGA_REPORT_KPP CRYPTOCFGA_REPORT_ACOMP
report(crypto_report_hash): CRYPTOCFGA_REPORT_HASH
report(crypto_report_blkcipher): CRYPTOCFGA_REPORT_BLKCIPHER
report(crypto_report_aead): CRYPTOCFGA_REPORT_AEAD
report(crypto_report_rng): CRYPTOCFGA_REPORT_RNG
report(crypto_report_cipher): CRYPTOCFGA_REPORT_CIPHER
""",
    "unnamed": """
-
""",
}
