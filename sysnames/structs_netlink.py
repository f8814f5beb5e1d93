"""Structure rows, continued: what netlink messages carry.

The grammar and conventions are those of `sysnames.structs`; `sysnames.lookup` imports this
module when a name is not there.  Field names and kinds are those strace prints; a row that is
``packed`` though the kernel's structure is not ends before the padding behind its last field,
because messages may do so too.  Sources: the uapi headers of Linux 7.2.
"""
from __future__ import annotations

_FAMILY = "enum(addrfams):uchar"
_RING = "{0}_block_size uint, {0}_block_nr uint, {0}_frame_size uint, {0}_frame_nr uint"
_LINK_COUNTERS = [
    "rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped",
    "tx_dropped", "multicast", "collisions", "rx_length_errors", "rx_over_errors",
    "rx_crc_errors", "rx_frame_errors", "rx_fifo_errors", "rx_missed_errors", "tx_aborted_errors",
    "tx_carrier_errors", "tx_fifo_errors", "tx_heartbeat_errors", "tx_window_errors",
    "rx_compressed", "tx_compressed", "rx_nohandler",
]
_MCAST = "indexed(u64, ifstats_xstats_bridge_mcast_indices, 2)"


def _all(kind: str, names: str | list[str]) -> str:
    """Fields of one kind."""
    return ", ".join(f"{name} {kind}" for name in (names.split() if isinstance(names, str)
                                                   else names))


STRUCTS: dict[str, str] = {
    # --- headers of NETLINK_ROUTE's messages ------------------------------------------------------
    "ifinfomsg": f"ifi_family {_FAMILY}, _pad uchar, ifi_type enum(arp_hardware_types):ushort, "
    "ifi_index ifindex, ifi_flags flags(iffflags):uint, ifi_change hex:uint",
    "ifaddrmsg": f"ifa_family {_FAMILY}, ifa_prefixlen uchar, "
    "ifa_flags flags(ifaddrflags):uchar, ifa_scope enum(routing_scopes):uchar, "
    "ifa_index ifindex",
    "rtmsg": f"rtm_family {_FAMILY}, rtm_dst_len uchar, rtm_src_len uchar, "
    "rtm_tos flags(ip_type_of_services):uchar, rtm_table plain_enum(routing_table_ids):uchar, "
    "rtm_protocol enum(routing_protocols):uchar, rtm_scope enum(routing_scopes):uchar, "
    "rtm_type enum(routing_types):uchar, rtm_flags flags(routing_flags):uint",
    "fib_rule_hdr": f"family {_FAMILY}, dst_len uchar, src_len uchar, "
    "tos flags(ip_type_of_services):uchar, table enum(routing_table_ids):uchar, _res1 uchar, "
    "_res2 uchar, action enum(fib_rule_actions):uchar, flags flags(fib_rule_flags):uint",
    "ndmsg": f"ndm_family {_FAMILY}, _pad1 uchar, _pad2 ushort, ndm_ifindex ifindex, "
    "ndm_state flags(neighbor_cache_entry_states):ushort, "
    "ndm_flags flags(neighbor_cache_entry_flags):uchar, ndm_type enum(routing_types):uchar",
    "ndtmsg": f"ndtm_family {_FAMILY}, _pad1 uchar, _pad2 ushort",
    "tcmsg": f"tcm_family {_FAMILY}, _pad1 uchar, _pad2 ushort, tcm_ifindex ifindex, "
    "tcm_handle uint, tcm_parent uint, tcm_info uint",
    "tcamsg": f"tca_family {_FAMILY}, _pad1 uchar, _pad2 ushort",
    "ifaddrlblmsg": f"ifal_family {_FAMILY}, _reserved uchar, ifal_prefixlen uchar, "
    "ifal_flags uchar, ifal_index ifindex, ifal_seq uint",
    "dcbmsg": f"dcb_family {_FAMILY}, cmd enum(dcb_commands):uchar, _pad ushort",
    "netconfmsg": f"ncm_family {_FAMILY}",
    "br_port_msg": f"family {_FAMILY}, ifindex ifindex",
    "rtgenmsg": f"rtgen_family {_FAMILY}",
    "rtgenmsg_report": "rtgen_family rtnl_families:uchar",
    "if_stats_msg": f"family {_FAMILY}, pad1 nonzero_hex:uchar, pad2 nonzero_hex:ushort, "
    "ifindex ifindex, filter_mask flags(ifstats_attr_flags):uint",
    "nhmsg": f"nh_family {_FAMILY}, nh_scope enum(routing_scopes):uchar, "
    "nh_protocol enum(routing_protocols):uchar, resvd nonzero_hex:uchar, "
    "nh_flags flags(route_nexthop_flags):uint",
    # --- what its attributes hold -----------------------------------------------------------------
    "rtnl_link_stats": _all("uint", _LINK_COUNTERS),
    "rtnl_link_stats64": _all("u64", [*_LINK_COUNTERS, "rx_otherhost_dropped"]),
    "rtnl_link_ifmap": "mem_start hex64, mem_end hex64, base_addr hex64, irq ushort, dma uchar, "
    "port uchar; packed",
    "ifla_bridge_id": "prio array(uchar, 2), addr hardware_address(6)",
    "ifla_cacheinfo": _all("uint", "max_reasm_len tstamp reachable_time retrans_time"),
    "can_device_stats":
        _all("uint", "bus_error error_warning error_passive bus_off arbitration_lost restarts"),
    "br_boolopt_multi": "optval flags(rtnl_ifla_br_boolopt_flags):uint, "
    "optmask flags(rtnl_ifla_br_boolopt_flags):uint",
    "bridge_vlan_info": "flags flags(nl_bridge_vlan_flags):ushort, vid ushort",
    "bridge_vlan_xstats": "rx_bytes u64, rx_packets u64, tx_bytes u64, tx_packets u64, "
    "vid ushort, flags flags(nl_bridge_vlan_flags):ushort, pad2 nonzero_hex:uint",
    "br_mcast_stats": _all(_MCAST, "igmp_v1queries igmp_v2queries igmp_v3queries igmp_leaves "
                           "igmp_v1reports igmp_v2reports igmp_v3reports")
    + ", igmp_parse_errors u64, "
    + _all(_MCAST, "mld_v1queries mld_v2queries mld_leaves mld_v1reports mld_v2reports")
    + ", mld_parse_errors u64, " + _all(_MCAST, "mcast_bytes mcast_packets"),
    "bridge_stp_xstats": _all("u64", "transition_blk transition_fwd rx_bpdu tx_bpdu rx_tcn tx_tcn"),
    "mpls_link_stats": _all("u64", "rx_packets tx_packets rx_bytes tx_bytes rx_errors tx_errors "
                            "rx_dropped tx_dropped rx_noroute"),
    "ifla_vf_mac": "vf uint, mac hardware_address(32)",
    "ifla_vf_vlan": "vf uint, vlan uint, qos uint",
    "ifla_vf_tx_rate": "vf uint, rate uint",
    "ifla_vf_setting": "vf uint, setting uint",
    "ifla_vf_link_state": "vf uint, link_state enum(rtnl_ifla_vf_link_states):uint",
    "ifla_vf_rate": "vf uint, min_tx_rate uint, max_tx_rate uint",
    "ifla_vf_vlan_info": "vf uint, vlan uint, qos uint, vlan_proto ether_type:ushort, "
    "_pad ushort",
    "ifla_vf_broadcast": "broadcast hardware_address(32)",
    "ifla_vf_guid": "vf uint, guid hex64; packed",
    "ifla_vf_guid_aligned": "vf uint, _pad uint, guid hex64",
    "ifla_port_vsi": "vsi_mgr_id uchar, vsi_type_id hex_string(3), vsi_type_version uchar, "
    "pad nonzero_bytes(3)",
    "ifa_cacheinfo": _all("uint", "ifa_prefered ifa_valid cstamp tstamp"),
    "nda_cacheinfo": _all("uint", "ndm_confirmed ndm_used ndm_updated ndm_refcnt"),
    "ndt_config": "ndtc_key_len ushort, ndtc_entry_size ushort, "
    + _all("uint", "ndtc_entries ndtc_last_flush ndtc_last_rand ndtc_hash_rnd")
    + ", ndtc_hash_mask padded:uint, ndtc_hash_chain_gc uint, ndtc_proxy_qlen uint",
    "ndt_stats": _all("u64", "ndts_allocs ndts_destroys ndts_hash_grows ndts_res_failed "
                      "ndts_lookups ndts_hits ndts_rcv_probes_mcast ndts_rcv_probes_ucast "
                      "ndts_periodic_gc_runs ndts_forced_gc_runs ndts_table_fulls"),
    "nexthop_grp": "id uint, weight uchar, resvd1 nonzero_hex:uchar, resvd2 nonzero_hex:ushort",
    "rta_cacheinfo": _all("uint", "rta_clntref rta_lastuse rta_expires rta_error rta_used")
    + ", rta_id hex:uint, rta_ts uint, rta_tsage uint",
    "rta_mfc_stats": _all("u64", "mfcs_packets mfcs_bytes mfcs_wrong_if"),
    "rtnexthop": "rtnh_len ushort, rtnh_flags flags(route_nexthop_flags):uchar, "
    "rtnh_hops uchar, rtnh_ifindex ifindex",
    "fib_rule_uid_range": "start uint, end uint",
    "fib_rule_port_range": "start ushort, end ushort",
    "tc_stats": "bytes u64, " + _all("uint", "packets drops overlimits bps pps qlen backlog")
    + "; packed",
    # interval is a plain char, which ARM's ABIs count as unsigned
    "tc_estimator": "interval char, ewma_log uchar",
    "tc_estimator@arm": "interval uchar, ewma_log uchar",
    "tc_estimator@aarch64": "interval uchar, ewma_log uchar",
    "gnet_stats_basic": "bytes u64, packets uint; packed",
    "gnet_stats_rate_est": "bps uint, pps uint",
    "gnet_stats_rate_est64": "bps u64, pps u64",
    "gnet_stats_queue": _all("uint", "qlen backlog drops requeues overlimits"),
    "tc_sizespec": "cell_log uchar, size_log uchar, cell_align short, overhead int, "
    "linklayer uint, mpu uint, mtu uint, tsize uint",
    # --- NETLINK_SOCK_DIAG: requests, answers -----------------------------------------------------
    "unix_diag_req": f"sdiag_family {_FAMILY}, sdiag_protocol uchar, _pad ushort, "
    "udiag_states flags(tcp_state_flags):uint, udiag_ino uint, "
    "udiag_show flags(unix_diag_show):uint, udiag_cookie array(uint, 2)",
    "unix_diag_msg": f"udiag_family {_FAMILY}, udiag_type enum(socktypes):uchar, "
    "udiag_state enum(tcp_states):uchar, _pad uchar, udiag_ino uint, "
    "udiag_cookie array(uint, 2)",
    "netlink_diag_req": f"sdiag_family {_FAMILY}, sdiag_protocol diag_protocol:uchar, "
    "_pad ushort, ndiag_ino uint, ndiag_show flags(netlink_diag_show):uint, "
    "ndiag_cookie array(uint, 2)",
    "netlink_diag_msg": f"ndiag_family {_FAMILY}, ndiag_type enum(socktypes):uchar, "
    "ndiag_protocol enum(netlink_protocols):uchar, ndiag_state enum(netlink_states):uchar, "
    "ndiag_portid uint, ndiag_dst_portid uint, ndiag_dst_group uint, ndiag_ino uint, "
    "ndiag_cookie array(uint, 2)",
    "packet_diag_req": f"sdiag_family {_FAMILY}, sdiag_protocol hex:uchar, _pad ushort, "
    "pdiag_ino uint, pdiag_show flags(packet_diag_show):uint, pdiag_cookie array(uint, 2)",
    "packet_diag_msg": f"pdiag_family {_FAMILY}, pdiag_type enum(socktypes):uchar, "
    "pdiag_num enum(ethernet_protocols):ushort, pdiag_ino uint, pdiag_cookie array(uint, 2)",
    "smc_diag_req": f"diag_family {_FAMILY}, _pad bytes(2), "
    "diag_ext flags(smc_diag_extended_flags):uchar, id inet_sockid(2)",
    "smc_diag_msg": f"diag_family {_FAMILY}, diag_state enum(smc_states):uchar, "
    "diag_fallback enum(smc_diag_mode):uchar, diag_shutdown uchar, id inet_sockid(2), "
    "diag_uid uint, diag_inode u64",
    "inet_diag_req": f"idiag_family {_FAMILY}, idiag_src_len uchar, idiag_dst_len uchar, "
    "idiag_ext flags(inet_diag_extended_flags):uchar, id inet_sockid(idiag_family), "
    "idiag_states flags(tcp_state_flags):uint, idiag_dbs uint",
    "inet_diag_req_v2": f"sdiag_family {_FAMILY}, sdiag_protocol enum(inet_protocols):uchar, "
    "idiag_ext flags(inet_diag_extended_flags):uchar, _pad uchar, "
    "idiag_states flags(tcp_state_flags):uint, id inet_sockid(sdiag_family)",
    "inet_diag_msg": f"idiag_family {_FAMILY}, idiag_state enum(tcp_states):uchar, "
    "idiag_timer uchar, idiag_retrans uchar, id inet_sockid(idiag_family), "
    + _all("uint", "idiag_expires idiag_rqueue idiag_wqueue idiag_uid idiag_inode"),
    # --- what its attributes hold -----------------------------------------------------------------
    "inet_diag_bc_op": "code enum(inet_diag_bytecodes):uchar, yes uchar, no ushort",
    "inet_diag_markcond": "mark uint, mask uint",
    "inet_diag_meminfo": _all("uint", "idiag_rmem idiag_wmem idiag_fmem idiag_tmem"),
    "tcpvegas_info": _all("uint", "tcpv_enabled tcpv_rttcnt tcpv_rtt tcpv_minrtt"),
    "tcp_dctcp_info": "dctcp_enabled ushort, dctcp_ce_state ushort, dctcp_alpha uint, "
    "dctcp_ab_ecn uint, dctcp_ab_tot uint",
    "tcp_bbr_info": "bbr_bw_lo hex:uint, bbr_bw_hi hex:uint, bbr_min_rtt uint, "
    "bbr_pacing_gain uint, bbr_cwnd_gain uint",
    "unix_diag_vfs": "udiag_vfs_ino uint, udiag_vfs_dev dev",
    "unix_diag_rqlen": "udiag_rqueue uint, udiag_wqueue uint",
    "netlink_diag_ring": _RING.format("ndr"),
    "packet_diag_info": "pdi_index ifindex, pdi_version enum(af_packet_versions):uint, "
    "pdi_reserve uint, pdi_copy_thresh uint, pdi_tstamp uint, "
    "pdi_flags flags(packet_diag_info_flags):uint",
    "packet_diag_mclist": "pdmc_index ifindex, pdmc_count uint, pdmc_type ushort, "
    "pdmc_alen ushort, pdmc_addr hex_string_upto(pdmc_alen, 32)",
    "packet_diag_ring": _RING.format("pdr") + ", "
    + _all("uint", "pdr_retire_tmo pdr_sizeof_priv pdr_features"),
    "smc_diag_cursor": "reserved ushort, wrap ushort, count uint",
    "smc_diag_conninfo": _all("uint", "token sndbuf_size rmbe_size peer_rmbe_size") + ", "
    + _all("smc_diag_cursor", "rx_prod rx_cons tx_prod tx_cons") + ", "
    + _all("padded:uchar", "rx_prod_flags rx_conn_state_flags tx_prod_flags "
           "tx_conn_state_flags") + ", "
    + _all("smc_diag_cursor", "tx_prep tx_sent tx_fin"),
    "smc_diag_linkinfo": "link_id uchar, ibname chars(64), ibport uchar, gid chars(40), "
    "peer_gid chars(40)",
    "smc_diag_lgrinfo": "lnk array(smc_diag_linkinfo, 1), role enum(smc_link_group_roles):uchar",
    "smcd_diag_dmbinfo": "linkid uint, _pad uint, "
    + _all("hex64", "peer_gid my_gid token peer_token"),
    "smc_diag_fallback": "reason spelled_enum(smc_decl_codes):uint, "
    "peer_diagnosis spelled_enum(smc_decl_codes):uint",
    # --- other protocols --------------------------------------------------------------------------
    "nfgenmsg": f"nfgen_family {_FAMILY}, version enum(netfilter_versions):uchar, "
    "res_id ushort",
    "selnl_msg_setenforce": "val int",
    "selnl_msg_policyload": "seqno uint",
    "crypto_user_alg": "cru_name chars(64), cru_driver_name chars(64), cru_module_name chars(64), "
    "cru_type hex:uint, cru_mask hex:uint, cru_refcnt uint, cru_flags hex:uint",
    "crypto_report_hash": "type chars(64), blocksize uint, digestsize uint",
    "crypto_report_blkcipher": "type chars(64), geniv chars(64), blocksize uint, "
    "min_keysize uint, max_keysize uint, ivsize uint",
    "crypto_report_aead": "type chars(64), geniv chars(64), blocksize uint, maxauthsize uint, "
    "ivsize uint",
    "crypto_report_rng": "type chars(64), seedsize uint",
    "crypto_report_cipher": "type chars(64), blocksize uint, min_keysize uint, max_keysize uint",
    "udev_monitor_header": "prefix chars(8), magic htonl:uint, header_size uint, "
    "properties_off uint, properties_len uint, filter_subsystem_hash htonl:uint, "
    "filter_devtype_hash htonl:uint, filter_tag_bloom_hi htonl:uint, "
    "filter_tag_bloom_lo htonl:uint",
}
