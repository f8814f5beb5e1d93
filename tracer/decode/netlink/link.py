"""Attributes of network interfaces (linux/if_link.h, linux/if_bridge.h, linux/if_tun.h)."""
from __future__ import annotations

_INET6 = """
rtnl_ifla_af_spec_inet6_attrs
flags(inet6_if_flags, 4): IFLA_INET6_FLAGS
indexed(int, inet6_devconf_indices): IFLA_INET6_CONF
indexed(u64, snmp_ip_stats): IFLA_INET6_STATS
struct(ifla_cacheinfo): IFLA_INET6_CACHEINFO
indexed(u64, snmp_icmp6_stats): IFLA_INET6_ICMP6STATS
inet_addr(10): IFLA_INET6_TOKEN
enum(in6_addr_gen_mode, 1): IFLA_INET6_ADDR_GEN_MODE
u32: IFLA_INET6_RA_MTU
"""

_PORT = """
rtnl_ifla_port_attrs IFLA_VF_PORT_???
u32: IFLA_PORT_VF
str: IFLA_PORT_PROFILE
struct(ifla_port_vsi): IFLA_PORT_VSI_TYPE
u8: IFLA_PORT_REQUEST
u16: IFLA_PORT_RESPONSE
"""

TABLES: dict[str, str] = {
    "link": """
rtnl_link_attrs
hwaddr(1): IFLA_ADDRESS IFLA_BROADCAST IFLA_PERM_ADDRESS
str: IFLA_IFNAME IFLA_QDISC IFLA_IFALIAS IFLA_PHYS_PORT_NAME IFLA_ALT_IFNAME IFLA_PARENT_DEV_NAME
str: IFLA_PARENT_DEV_BUS_NAME
u8: IFLA_OPERSTATE IFLA_LINKMODE IFLA_CARRIER IFLA_PROTO_DOWN
u32: IFLA_MTU IFLA_LINK IFLA_MASTER IFLA_TXQLEN IFLA_WEIGHT IFLA_NET_NS_PID IFLA_NUM_VF IFLA_GROUP
u32: IFLA_PROMISCUITY IFLA_NUM_TX_QUEUES IFLA_NUM_RX_QUEUES IFLA_CARRIER_CHANGES
u32: IFLA_GSO_MAX_SEGS IFLA_GSO_MAX_SIZE IFLA_CARRIER_UP_COUNT IFLA_CARRIER_DOWN_COUNT
u32: IFLA_MIN_MTU IFLA_MAX_MTU IFLA_GRO_MAX_SIZE IFLA_TSO_MAX_SIZE IFLA_TSO_MAX_SEGS IFLA_ALLMULTI
s32: IFLA_LINK_NETNSID IFLA_NEW_NETNSID IFLA_IF_NETNSID
fd: IFLA_NET_NS_FD
ifindex: IFLA_NEW_IFINDEX
grown(rtnl_link_stats, 92): IFLA_STATS
grown(rtnl_link_stats64, 184, 192): IFLA_STATS64
struct(rtnl_link_ifmap): IFLA_MAP
by_family(AF_BRIDGE(nest(bridge_port)), AF_INET6(nest(link_inet6))): IFLA_PROTINFO
nest(link_info, 1): IFLA_LINKINFO
nest(vf_list): IFLA_VFINFO_LIST
nest(vf_ports): IFLA_VF_PORTS
nest(port): IFLA_PORT_SELF
by_family(AF_BRIDGE(nest(link_bridge)), AF_UNSPEC(nest(link_families))): IFLA_AF_SPEC
flags(rtnl_ifla_ext_filter_flags, 4): IFLA_EXT_MASK
nest(xdp): IFLA_XDP
first_enum(rtnl_ifla_events, 4): IFLA_EVENT
nest(link_properties): IFLA_PROP_LIST
nest(proto_down_reason): IFLA_PROTO_DOWN_REASON
""",
    "link_properties": """
rtnl_link_attrs
str: IFLA_ALT_IFNAME
""",
    "proto_down_reason": """
rtnl_ifla_proto_down_reason_attrs
x32: IFLA_PROTO_DOWN_REASON_MASK IFLA_PROTO_DOWN_REASON_VALUE
""",
    "link_families": """
addrfams
by_number(AF_INET(nest(link_inet)), AF_INET6(nest(link_inet6)), AF_MCTP(nest(link_mctp))): *
""",
    "link_inet": """
rtnl_ifla_af_spec_inet_attrs
indexed(int, inet_devconf_indices): IFLA_INET_CONF
""",
    "link_inet6": _INET6,
    "link_mctp": """
rtnl_ifla_af_spec_mctp_attrs
u32: IFLA_MCTP_NET
""",
    "link_bridge": """
rtnl_ifla_af_spec_bridge_attrs
flags(rtnl_ifla_bridge_flags, 2): IFLA_BRIDGE_FLAGS
enum(rtnl_ifla_bridge_modes, 2): IFLA_BRIDGE_MODE
struct(bridge_vlan_info, bytes): IFLA_BRIDGE_VLAN_INFO
nest(vlan_tunnel): IFLA_BRIDGE_VLAN_TUNNEL_INFO
""",
    "vlan_tunnel": """
rtnl_ifla_af_spec_bridge_vlan_tunnel_info_attrs
u32: IFLA_BRIDGE_VLAN_TUNNEL_ID
u16: IFLA_BRIDGE_VLAN_TUNNEL_VID
flags(nl_bridge_vlan_flags, 2): IFLA_BRIDGE_VLAN_TUNNEL_FLAGS
""",
    "xdp": """
rtnl_ifla_xdp_attrs
fd: IFLA_XDP_FD IFLA_XDP_EXPECTED_FD
enum(rtnl_ifla_xdp_attached_mode, 1): IFLA_XDP_ATTACHED
first_flags(xdp_flags, 4): IFLA_XDP_FLAGS
u32: IFLA_XDP_PROG_ID IFLA_XDP_DRV_PROG_ID IFLA_XDP_SKB_PROG_ID IFLA_XDP_HW_PROG_ID
""",
    "port": _PORT,
    "vf_ports": """
rtnl_ifla_vf_port_attrs
nest(port): IFLA_VF_PORT
""",
    "vf_list": """
rtnl_ifla_vfinfo_list_attrs
nest(vf_info): IFLA_VF_INFO
""",
    "vf_info": """
rtnl_ifla_vf_info_attrs
struct(ifla_vf_mac): IFLA_VF_MAC
struct(ifla_vf_vlan): IFLA_VF_VLAN
struct(ifla_vf_tx_rate): IFLA_VF_TX_RATE
struct(ifla_vf_setting): IFLA_VF_SPOOFCHK IFLA_VF_RSS_QUERY_EN IFLA_VF_TRUST
struct(ifla_vf_link_state): IFLA_VF_LINK_STATE
struct(ifla_vf_rate): IFLA_VF_RATE
nest(vf_stats): IFLA_VF_STATS
exact(ifla_vf_guid, ifla_vf_guid_aligned): IFLA_VF_IB_NODE_GUID IFLA_VF_IB_PORT_GUID
nest(vf_vlans): IFLA_VF_VLAN_LIST
struct(ifla_vf_broadcast): IFLA_VF_BROADCAST
""",
    "vf_vlans": """
rtnl_ifla_vf_vlan_list_attrs
struct(ifla_vf_vlan_info): IFLA_VF_VLAN_INFO
""",
    "vf_stats": """
rtnl_ifla_vf_stats_attrs
u64: IFLA_VF_STATS_RX_PACKETS IFLA_VF_STATS_TX_PACKETS IFLA_VF_STATS_RX_BYTES
u64: IFLA_VF_STATS_TX_BYTES IFLA_VF_STATS_BROADCAST IFLA_VF_STATS_MULTICAST
u64: IFLA_VF_STATS_RX_DROPPED IFLA_VF_STATS_TX_DROPPED
""",
    "link_info": """
rtnl_ifla_info_attrs
link_kind(kind): IFLA_INFO_KIND
by_kind(kind, bridge(nest(bridge)), tun(nest(tun))): IFLA_INFO_DATA
by_kind(kind, can(struct(can_device_stats))): IFLA_INFO_XSTATS
link_kind(slave_kind): IFLA_INFO_SLAVE_KIND
by_kind(slave_kind, bridge(nest(bridge_port))): IFLA_INFO_SLAVE_DATA
""",
    "tun": """
rtnl_ifla_info_data_tun_attrs
uid: IFLA_TUN_OWNER IFLA_TUN_GROUP
enum(tun_device_types, 1): IFLA_TUN_TYPE
u8: IFLA_TUN_PI IFLA_TUN_VNET_HDR IFLA_TUN_PERSIST IFLA_TUN_MULTI_QUEUE
u32: IFLA_TUN_NUM_QUEUES IFLA_TUN_NUM_DISABLED_QUEUES
""",
    "bridge": """
rtnl_ifla_info_data_bridge_attrs
ticks: IFLA_BR_FORWARD_DELAY IFLA_BR_HELLO_TIME IFLA_BR_MAX_AGE IFLA_BR_AGEING_TIME
ticks: IFLA_BR_HELLO_TIMER IFLA_BR_TCN_TIMER IFLA_BR_TOPOLOGY_CHANGE_TIMER IFLA_BR_GC_TIMER
ticks: IFLA_BR_MCAST_LAST_MEMBER_INTVL IFLA_BR_MCAST_MEMBERSHIP_INTVL IFLA_BR_MCAST_QUERIER_INTVL
ticks: IFLA_BR_MCAST_QUERY_INTVL IFLA_BR_MCAST_QUERY_RESPONSE_INTVL
ticks: IFLA_BR_MCAST_STARTUP_QUERY_INTVL
u8: IFLA_BR_VLAN_FILTERING IFLA_BR_TOPOLOGY_CHANGE IFLA_BR_TOPOLOGY_CHANGE_DETECTED
u8: IFLA_BR_MCAST_ROUTER IFLA_BR_MCAST_SNOOPING IFLA_BR_MCAST_QUERY_USE_IFADDR
u8: IFLA_BR_MCAST_QUERIER IFLA_BR_NF_CALL_IPTABLES IFLA_BR_NF_CALL_IP6TABLES
u8: IFLA_BR_NF_CALL_ARPTABLES IFLA_BR_VLAN_STATS_ENABLED IFLA_BR_MCAST_STATS_ENABLED
u8: IFLA_BR_MCAST_IGMP_VERSION IFLA_BR_MCAST_MLD_VERSION IFLA_BR_VLAN_STATS_PER_PORT
u16: IFLA_BR_PRIORITY IFLA_BR_ROOT_PORT IFLA_BR_VLAN_DEFAULT_PVID
u32: IFLA_BR_STP_STATE IFLA_BR_ROOT_PATH_COST IFLA_BR_MCAST_HASH_ELASTICITY IFLA_BR_MCAST_HASH_MAX
u32: IFLA_BR_MCAST_LAST_MEMBER_CNT IFLA_BR_MCAST_STARTUP_QUERY_CNT
ether_proto: IFLA_BR_VLAN_PROTOCOL
x16: IFLA_BR_GROUP_FWD_MASK
struct(ifla_bridge_id): IFLA_BR_ROOT_ID IFLA_BR_BRIDGE_ID
hwaddr: IFLA_BR_GROUP_ADDR
struct(br_boolopt_multi): IFLA_BR_MULTI_BOOLOPT
nest(querier): IFLA_BR_MCAST_QUERIER_STATE
""",
    "querier": """
rtnl_ifla_br_mcast_querier_attrs
inet_addr(2): BRIDGE_QUERIER_IP_ADDRESS
inet_addr(10): BRIDGE_QUERIER_IPV6_ADDRESS
ifindex: BRIDGE_QUERIER_IP_PORT BRIDGE_QUERIER_IPV6_PORT
ticks: BRIDGE_QUERIER_IP_OTHER_TIMER BRIDGE_QUERIER_IPV6_OTHER_TIMER
""",
    "bridge_port": """
rtnl_ifla_brport_attrs
u8: IFLA_BRPORT_STATE IFLA_BRPORT_MODE IFLA_BRPORT_GUARD IFLA_BRPORT_PROTECT
u8: IFLA_BRPORT_FAST_LEAVE IFLA_BRPORT_LEARNING IFLA_BRPORT_UNICAST_FLOOD IFLA_BRPORT_PROXYARP
u8: IFLA_BRPORT_LEARNING_SYNC IFLA_BRPORT_PROXYARP_WIFI IFLA_BRPORT_TOPOLOGY_CHANGE_ACK
u8: IFLA_BRPORT_CONFIG_PENDING IFLA_BRPORT_MULTICAST_ROUTER IFLA_BRPORT_MCAST_FLOOD
u8: IFLA_BRPORT_MCAST_TO_UCAST IFLA_BRPORT_VLAN_TUNNEL IFLA_BRPORT_BCAST_FLOOD
u8: IFLA_BRPORT_NEIGH_SUPPRESS IFLA_BRPORT_ISOLATED IFLA_BRPORT_MRP_RING_OPEN
u8: IFLA_BRPORT_MRP_IN_OPEN IFLA_BRPORT_LOCKED
u16: IFLA_BRPORT_PRIORITY IFLA_BRPORT_DESIGNATED_PORT IFLA_BRPORT_DESIGNATED_COST
u16: IFLA_BRPORT_ID IFLA_BRPORT_NO
u32: IFLA_BRPORT_COST IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT IFLA_BRPORT_MCAST_EHT_HOSTS_CNT
struct(ifla_bridge_id): IFLA_BRPORT_ROOT_ID IFLA_BRPORT_BRIDGE_ID
ticks: IFLA_BRPORT_MESSAGE_AGE_TIMER IFLA_BRPORT_FORWARD_DELAY_TIMER IFLA_BRPORT_HOLD_TIMER
x16: IFLA_BRPORT_GROUP_FWD_MASK
ifindex: IFLA_BRPORT_BACKUP_PORT
""",
}
