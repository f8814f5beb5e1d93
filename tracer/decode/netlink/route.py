"""NETLINK_ROUTE: its messages, and the attributes of all but interfaces.

Sources: linux/rtnetlink.h, linux/if_addr.h, linux/neighbour.h, linux/fib_rules.h,
linux/nexthop.h, linux/pkt_cls.h, linux/gen_stats.h, linux/if_bridge.h, linux/mroute.h.
"""
from __future__ import annotations

# header structure, table of its attributes ("-": none) and, perhaps, the only family: message
# types.  The first line that fits counts.
MESSAGES = """
ifinfomsg link AF_BRIDGE: RTM_GETNEIGH
ifinfomsg link: RTM_NEWLINK RTM_DELLINK RTM_GETLINK RTM_SETLINK
ifaddrmsg addr: RTM_NEWADDR RTM_DELADDR RTM_GETADDR RTM_GETMULTICAST RTM_GETANYCAST
rtmsg route: RTM_NEWROUTE RTM_DELROUTE RTM_GETROUTE
ndmsg neighbour: RTM_NEWNEIGH RTM_DELNEIGH RTM_GETNEIGH
fib_rule_hdr rule: RTM_NEWRULE RTM_DELRULE RTM_GETRULE
tcmsg tc: RTM_NEWQDISC RTM_DELQDISC RTM_GETQDISC RTM_NEWTCLASS RTM_DELTCLASS RTM_GETTCLASS
tcmsg tc: RTM_NEWTFILTER RTM_DELTFILTER RTM_GETTFILTER RTM_NEWCHAIN RTM_DELCHAIN RTM_GETCHAIN
tcamsg action: RTM_NEWACTION RTM_DELACTION RTM_GETACTION
ndtmsg neighbour_table: RTM_NEWNEIGHTBL RTM_GETNEIGHTBL RTM_SETNEIGHTBL
ifaddrlblmsg addr_label: RTM_NEWADDRLABEL RTM_DELADDRLABEL RTM_GETADDRLABEL
dcbmsg dcb: RTM_GETDCB RTM_SETDCB
netconfmsg netconf: RTM_NEWNETCONF RTM_DELNETCONF RTM_GETNETCONF
br_port_msg mdb: RTM_NEWMDB RTM_DELMDB RTM_GETMDB
rtgenmsg nsid: RTM_NEWNSID RTM_DELNSID RTM_GETNSID
if_stats_msg stats: RTM_NEWSTATS RTM_GETSTATS
rtgenmsg_report report4 RTNL_FAMILY_IPMR: RTM_NEWCACHEREPORT
rtgenmsg_report report6 RTNL_FAMILY_IP6MR: RTM_NEWCACHEREPORT
rtgenmsg_report bytes: RTM_NEWCACHEREPORT
nhmsg nexthop: RTM_NEWNEXTHOP RTM_DELNEXTHOP RTM_GETNEXTHOP
"""

TABLES: dict[str, str] = {
    "addr": """
rtnl_addr_attrs
family_addr: IFA_ADDRESS IFA_LOCAL IFA_BROADCAST IFA_ANYCAST IFA_MULTICAST
str: IFA_LABEL
struct(ifa_cacheinfo): IFA_CACHEINFO
first_flags(ifaddrflags, 4): IFA_FLAGS
u32: IFA_RT_PRIORITY
s32: IFA_TARGET_NETNSID
""",
    "addr_label": """
rtnl_addrlabel_attrs
family_addr: IFAL_ADDRESS
u32: IFAL_LABEL
""",
    "dcb": """
rtnl_dcb_attrs
""",
    "netconf": """
rtnl_netconf_attrs
ifindex: NETCONFA_IFINDEX
s32: NETCONFA_FORWARDING NETCONFA_RP_FILTER NETCONFA_MC_FORWARDING NETCONFA_PROXY_NEIGH
s32: NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN NETCONFA_INPUT NETCONFA_BC_FORWARDING
""",
    "nsid": """
rtnl_nsid_attrs
s32: NETNSA_NSID NETNSA_TARGET_NSID NETNSA_CURRENT_NSID
u32: NETNSA_PID
fd: NETNSA_FD
""",
    "report4": """
rtnl_ipmra_creport_attr
enum(rtnl_ipmra_msg_types, 1): IPMRA_CREPORT_MSGTYPE
u32: IPMRA_CREPORT_VIF_ID IPMRA_CREPORT_TABLE
inet_addr(2): IPMRA_CREPORT_SRC_ADDR IPMRA_CREPORT_DST_ADDR
""",
    "report6": """
rtnl_ip6mra_creport_attr
enum(rtnl_ip6mra_msg_types, 1): IP6MRA_CREPORT_MSGTYPE
u32: IP6MRA_CREPORT_MIF_ID
inet_addr(10): IP6MRA_CREPORT_SRC_ADDR IP6MRA_CREPORT_DST_ADDR
""",
    # -- multicast groups of bridges
    "mdb": """
rtnl_mdb_attrs
nest(mdb_entries): MDBA_MDB
nest(mdb_routers): MDBA_ROUTER
""",
    "mdb_entries": """
rtnl_mdba_mdb_attrs
nest(mdb_entry): MDBA_MDB_ENTRY
""",
    "mdb_entry": """
rtnl_mdba_mdb_entry_attrs
mdb_entry: MDBA_MDB_ENTRY_INFO
""",
    "mdb_entry_more": """
rtnl_mdba_mdb_eattr_attrs
ticks: MDBA_MDB_EATTR_TIMER
""",
    "mdb_routers": """
rtnl_mdba_router_attrs
then(ifindex, 4, mdb_router): MDBA_ROUTER_PORT
""",
    "mdb_router": """
rtnl_mdba_router_pattr_attrs
ticks: MDBA_ROUTER_PATTR_TIMER MDBA_ROUTER_PATTR_INET_TIMER MDBA_ROUTER_PATTR_INET6_TIMER
first_enum(multicast_router_types, 1): MDBA_ROUTER_PATTR_TYPE
""",
    # -- neighbours
    "neighbour": """
rtnl_neigh_attrs
family_addr: NDA_DST
hwaddr: NDA_LLADDR
struct(nda_cacheinfo): NDA_CACHEINFO
u32: NDA_PROBES NDA_VNI NDA_LINK_NETNSID NDA_SRC_VNI NDA_NH_ID
u16: NDA_VLAN
be16: NDA_PORT
ifindex: NDA_IFINDEX NDA_MASTER
enum(inet_protocols): NDA_PROTOCOL
nest(neighbour_fdb): NDA_FDB_EXT_ATTRS
flags(neighbor_cache_entry_ext_flags, 4): NDA_FLAGS_EXT
flags(neighbor_cache_entry_states, 2): NDA_NDM_STATE_MASK
flags(neighbor_cache_entry_flags, 1): NDA_NDM_FLAGS_MASK
""",
    "neighbour_fdb": """
rtnl_neigh_fdb_ext_attrs
flags(fdb_notify_flags, 1): NFEA_ACTIVITY_NOTIFY
""",
    "neighbour_table": """
rtnl_neightbl_attrs
str: NDTA_NAME
u32: NDTA_THRESH1 NDTA_THRESH2 NDTA_THRESH3
struct(ndt_config): NDTA_CONFIG
nest(neighbour_parms): NDTA_PARMS
grown(ndt_stats, 80): NDTA_STATS
u64: NDTA_GC_INTERVAL
""",
    "neighbour_parms": """
rtnl_neightbl_parms_attrs
ifindex: NDTPA_IFINDEX
u32: NDTPA_REFCNT NDTPA_QUEUE_LEN NDTPA_APP_PROBES NDTPA_UCAST_PROBES NDTPA_MCAST_PROBES
u32: NDTPA_PROXY_QLEN NDTPA_QUEUE_LENBYTES NDTPA_MCAST_REPROBES
u64: NDTPA_REACHABLE_TIME NDTPA_BASE_REACHABLE_TIME NDTPA_RETRANS_TIME NDTPA_GC_STALETIME
u64: NDTPA_DELAY_PROBE_TIME NDTPA_ANYCAST_DELAY NDTPA_PROXY_DELAY NDTPA_LOCKTIME
u64: NDTPA_INTERVAL_PROBE_TIME_MS
""",
    # -- routes, rules, next hops
    "route": """
rtnl_route_attrs
family_addr: RTA_DST RTA_SRC RTA_GATEWAY RTA_PREFSRC RTA_NEWDST
ifindex: RTA_IIF RTA_OIF
u32: RTA_PRIORITY RTA_PROTOINFO RTA_FLOW RTA_MP_ALGO RTA_MARK RTA_UID
u8: RTA_PREF RTA_TTL_PROPAGATE RTA_IP_PROTO
u16: RTA_SPORT RTA_DPORT
u64: RTA_EXPIRES
nest(route_metrics): RTA_METRICS
next_hops: RTA_MULTIPATH
struct(rta_cacheinfo): RTA_CACHEINFO
table_id: RTA_TABLE
struct(rta_mfc_stats): RTA_MFC_STATS
via: RTA_VIA
first_enum(lwtunnel_encap_types, 2): RTA_ENCAP_TYPE
""",
    "route_metrics": """
rtnl_rta_metrics_attrs
u32: RTAX_LOCK RTAX_MTU RTAX_WINDOW RTAX_RTT RTAX_RTTVAR RTAX_SSTHRESH RTAX_CWND RTAX_ADVMSS
u32: RTAX_REORDERING RTAX_HOPLIMIT RTAX_INITCWND RTAX_FEATURES RTAX_RTO_MIN RTAX_INITRWND
u32: RTAX_QUICKACK
str: RTAX_CC_ALGO
""",
    "rule": """
rtnl_rule_attrs
family_addr: FRA_DST FRA_SRC
str: FRA_IIFNAME FRA_OIFNAME
u32: FRA_GOTO FRA_PRIORITY FRA_FWMARK FRA_FLOW FRA_SUPPRESS_IFGROUP FRA_SUPPRESS_PREFIXLEN
u32: FRA_FWMASK
be64: FRA_TUN_ID
table_id: FRA_TABLE
u8: FRA_L3MDEV
struct(fib_rule_uid_range): FRA_UID_RANGE
first_enum(routing_protocols, 1): FRA_PROTOCOL
enum(inet_protocols): FRA_IP_PROTO
struct(fib_rule_port_range): FRA_SPORT_RANGE FRA_DPORT_RANGE
""",
    "nexthop": """
rtnl_nexthop_attrs
u32: NHA_ID NHA_BLACKHOLE NHA_GROUPS NHA_FDB
array(nexthop_grp): NHA_GROUP
enum(rtnl_nexthop_grp_types, 2): NHA_GROUP_TYPE
ifindex: NHA_OIF NHA_MASTER
family_addr: NHA_GATEWAY
first_enum(lwtunnel_encap_types, 2): NHA_ENCAP_TYPE
nest(nexthop_group): NHA_RES_GROUP
nest(nexthop_bucket): NHA_RES_BUCKET
""",
    "nexthop_group": """
rtnl_nha_res_group_attrs
u16: NHA_RES_GROUP_BUCKETS
ticks: NHA_RES_GROUP_IDLE_TIMER NHA_RES_GROUP_UNBALANCED_TIMER NHA_RES_GROUP_UNBALANCED_TIME
""",
    "nexthop_bucket": """
rtnl_nha_res_bucket_attrs
u16: NHA_RES_BUCKET_INDEX
ticks: NHA_RES_BUCKET_IDLE_TIME
u32: NHA_RES_BUCKET_NH_ID
""",
    # -- traffic control
    "tc": """
rtnl_tc_attrs
str: TCA_KIND
struct(tc_stats): TCA_STATS
struct(tc_estimator): TCA_RATE
u32: TCA_FCNT TCA_CHAIN TCA_INGRESS_BLOCK TCA_EGRESS_BLOCK TCA_DUMP_FLAGS
u8: TCA_HW_OFFLOAD
nest(tc_stats): TCA_STATS2
nest(tc_sizes): TCA_STAB
""",
    "tc_stats": """
rtnl_tca_stats_attrs
struct(gnet_stats_basic): TCA_STATS_BASIC TCA_STATS_BASIC_HW
struct(gnet_stats_rate_est): TCA_STATS_RATE_EST
struct(gnet_stats_queue): TCA_STATS_QUEUE
struct(gnet_stats_rate_est64): TCA_STATS_RATE_EST64
u64: TCA_STATS_PKT64
""",
    "tc_sizes": """
rtnl_tca_stab_attrs
struct(tc_sizespec): TCA_STAB_BASE
array(ushort): TCA_STAB_DATA
""",
    "action": """
rtnl_tc_action_attrs
str: TCA_ACT_KIND
u32: TCA_ACT_INDEX TCA_ACT_IN_HW_COUNT
nest(tc_stats): TCA_ACT_STATS
flags(rtnl_tca_act_flags, 4): TCA_ACT_FLAGS
flags(rtnl_tca_act_hw_stats, 4): TCA_ACT_HW_STATS TCA_ACT_USED_HW_STATS
""",
    # -- statistics
    "stats": """
ifstats_attrs
grown(rtnl_link_stats64, 184, 192): IFLA_STATS_LINK_64
nest(stats_extended): IFLA_STATS_LINK_XSTATS IFLA_STATS_LINK_XSTATS_SLAVE
nest(stats_offload): IFLA_STATS_LINK_OFFLOAD_XSTATS
nest(stats_families): IFLA_STATS_AF_SPEC
""",
    "stats_extended": """
ifstats_xstats_type_attrs
nest(stats_bridge): LINK_XSTATS_TYPE_BRIDGE
nest(stats_bond): LINK_XSTATS_TYPE_BOND
""",
    "stats_bridge": """
ifstats_xstats_bridge_attrs
struct(bridge_vlan_xstats, bytes): BRIDGE_XSTATS_VLAN
struct(br_mcast_stats, bytes): BRIDGE_XSTATS_MCAST
struct(bridge_stp_xstats, bytes): BRIDGE_XSTATS_STP
""",
    "stats_bond": """
ifstats_xstats_bond_attrs
nest(stats_bond_3ad): BOND_XSTATS_3AD
""",
    "stats_bond_3ad": """
ifstats_xstats_bond_3ad_attrs
u64: BOND_3AD_STAT_LACPDU_RX BOND_3AD_STAT_LACPDU_TX BOND_3AD_STAT_LACPDU_UNKNOWN_RX
u64: BOND_3AD_STAT_LACPDU_ILLEGAL_RX BOND_3AD_STAT_MARKER_RX BOND_3AD_STAT_MARKER_TX
u64: BOND_3AD_STAT_MARKER_RESP_RX BOND_3AD_STAT_MARKER_RESP_TX BOND_3AD_STAT_MARKER_UNKNOWN_RX
""",
    "stats_offload": """
ifstats_offload_attrs
grown(rtnl_link_stats64, 184, 192): IFLA_OFFLOAD_XSTATS_CPU_HIT
""",
    "stats_families": """
addrfams
by_number(AF_MPLS(nest(stats_mpls))): *
""",
    "stats_mpls": """
ifstats_af_spec_mpls_attrs
struct(mpls_link_stats, bytes): MPLS_STATS_LINK
""",
}
