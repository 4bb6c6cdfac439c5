/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * espvault firmware interface: every field of every struct that crosses it.
 *
 * ESV_STRUCT_LIST and ESV_UAPI_STRUCT_LIST: X(struct, size, clause, text).
 * ESV_FIELDS_<struct>: F(struct, member, offset, size, type, writer, cipher, text).
 *
 * type: u8, le16, le32, le64, be16, be32 (network order), u16, u32, u64 (the
 * machine's own order), text, or the name of a struct; an array has the type
 * of its elements. writer: drv (driver), dev (device), prog (program), both.
 * cipher 1: the value depends on secrets or randomness, so two devices that
 * get the same commands may differ there and nowhere else.
 *
 * Sizes and offsets are bytes. The compiler checks all of it (esv_assert.h),
 * esvgen prints it.
 */
#ifndef ESPVAULT_ESV_LAYOUT_H
#define ESPVAULT_ESV_LAYOUT_H

#define ESV_STRUCT_LIST(X) \
	X(esv_cap_hdr, 8, "CAP-1", "head of every capability block") \
	X(esv_cap_limits, 32, "CAP-11", "sizes and counts") \
	X(esv_cap_offload, 16, "CAP-12", "stateless offloads") \
	X(esv_cap_ipsec, 32, "CAP-13", "SA and policy offload") \
	X(esv_cap_unit, 24, "CAP-14", "trusted unit") \
	X(esv_cap_test, 16, "CAP-15", "test modes that are switched on") \
	X(esv_shadow, 64, "RNG-3", "positions of one ring, in host memory") \
	X(esv_tx_desc, 32, "TXD-1", "transmit descriptor") \
	X(esv_tx_ext, 32, "TXD-9", "reserved extension of a transmit descriptor") \
	X(esv_rx_desc, 16, "RXD-1", "receive buffer") \
	X(esv_rx_cqe, 32, "RXC-2", "receive completion") \
	X(esv_sqe, 64, "ADM-2", "admin request") \
	X(esv_cqe, 32, "ADM-4", "admin completion") \
	X(esv_eqe, 32, "EVT-2", "event") \
	X(esv_identify, 128, "ADM-51", "answer of IDENTIFY") \
	X(esv_queue_params, 32, "QUE-1", "payload of QUEUE_CREATE") \
	X(esv_rss_params, 168, "RSS-1", "payload of RSS_SET") \
	X(esv_filter_params, 388, "RXF-1", "payload of RX_FILTER_SET") \
	X(esv_port_params, 16, "PRT-1", "payload of PORT_SET") \
	X(esv_counters, 496, "CNT-1", "answer of COUNTERS_READ") \
	X(esv_selector, 48, "SPD-51", "traffic selector") \
	X(esv_sa_params, 224, "SA-1", "payload of SA_ADD") \
	X(esv_sa_update, 80, "SA-30", "payload of SA_UPDATE") \
	X(esv_sa_key, 32, "SA-51", "payload of SA_QUERY by key") \
	X(esv_sa_info, 128, "SA-52", "answer of SA_QUERY") \
	X(esv_sa_list, 4008, "SA-53", "answer of SA_LIST") \
	X(esv_policy_params, 104, "SPD-1", "payload of POLICY_ADD") \
	X(esv_policy_info, 128, "SPD-52", "answer of POLICY_QUERY") \
	X(esv_policy_list, 4008, "SPD-53", "answer of POLICY_LIST") \
	X(esv_handle_in, 8, "UNIT-70", "payload of DESTROY and HANDLE_QUERY") \
	X(esv_handle_out, 8, "UNIT-71", "answer that is one handle") \
	X(esv_handle_info, 16, "UNIT-72", "answer of HANDLE_QUERY") \
	X(esv_nonce_gen, 8, "UNIT-73", "payload of NONCE_GEN") \
	X(esv_nonce_out, 272, "UNIT-73", "answer of NONCE_GEN") \
	X(esv_ke_gen, 8, "UNIT-74", "payload of KE_GEN") \
	X(esv_ke_out, 2064, "UNIT-74", "answer of KE_GEN and KE_ENCAP") \
	X(esv_ke_finish, 2064, "UNIT-75", "payload of KE_FINISH") \
	X(esv_ke_encap, 2056, "UNIT-82", "payload of KE_ENCAP") \
	X(esv_ike_derive, 296, "UNIT-76", "payload of IKE_DERIVE") \
	X(esv_ike_update, 16, "UNIT-83", "payload of IKE_UPDATE") \
	X(esv_ike_rekey, 360, "UNIT-84", "payload of IKE_REKEY") \
	X(esv_ike_seal, 4096, "UNIT-85", "payload of IKE_SEAL") \
	X(esv_ike_sealed, 4096, "UNIT-85", "answer of IKE_SEAL") \
	X(esv_ike_open, 4096, "UNIT-86", "payload of IKE_OPEN") \
	X(esv_secret_hdr, 8, "UNIT-90", "head of what a wrap protects") \
	X(esv_wrapped_esp, 76, "UNIT-100", "secret of a wrapped ESP key") \
	X(esv_provision, 4096, "UNIT-90", "payload of PROVISION") \
	X(esv_provisioned, 4096, "UNIT-90", "answer of PROVISION") \
	X(esv_ppk_apply, 16, "UNIT-93", "payload of PPK_APPLY") \
	X(esv_intauth, 4096, "UNIT-94", "payload of INTAUTH") \
	X(esv_auth_sign, 4096, "UNIT-95", "payload of AUTH_SIGN") \
	X(esv_auth_data, 1024, "UNIT-95", "answer of AUTH_SIGN") \
	X(esv_auth_verify, 4096, "UNIT-96", "payload of AUTH_VERIFY") \
	X(esv_attest, 48, "UNIT-98", "payload of ATTEST") \
	X(esv_attested, 4096, "UNIT-98", "answer of ATTEST") \
	X(esv_alg_test, 4096, "UNIT-101", "payload of ALG_TEST") \
	X(esv_alg_tested, 4096, "UNIT-101", "answer of ALG_TEST") \
	X(esv_statement, 568, "UNIT-99", "what a statement says") \
	X(esv_auth_assert, 272, "UNIT-78", "payload of AUTH_ASSERT") \
	X(esv_child_derive, 368, "UNIT-77", "payload of CHILD_DERIVE") \
	X(esv_child_out, 88, "UNIT-77", "answer of CHILD_DERIVE") \
	X(esv_unit_status, 96, "UNIT-79", "answer of UNIT_STATUS") \
	X(esv_token, 36, "TOK-1", "token, in place of key and salt")

#define ESV_UAPI_STRUCT_LIST(X) \
	X(esv_uapi_info, 112, "UAPI-2", "ioctl ESV_IOC_INFO") \
	X(esv_uapi_cmd, 88, "UAPI-3", "ioctl ESV_IOC_CMD")

#define ESV_FIELDS_esv_cap_hdr(F, s) \
	F(s, id, 0, 2, le16, dev, 0, "block's number, ESV_CAP_*") \
	F(s, version, 2, 1, u8, dev, 0, "version of the block's layout") \
	F(s, flags, 3, 1, u8, dev, 0, "ESV_CAP_F_*") \
	F(s, length, 4, 2, le16, dev, 0, "bytes of the block, this head included") \
	F(s, next, 6, 2, le16, dev, 0, "offset of the next block in BAR 0, 0: last")

#define ESV_FIELDS_esv_cap_limits(F, s) \
	F(s, hdr, 0, 8, esv_cap_hdr, dev, 0, "head, id LIMITS") \
	F(s, queue_pairs, 8, 2, le16, dev, 0, "queue pairs that can be created") \
	F(s, vectors, 10, 2, le16, dev, 0, "MSI-X vectors") \
	F(s, ring_min, 12, 2, le16, dev, 0, "smallest ring, entries") \
	F(s, ring_max, 14, 2, le16, dev, 0, "largest ring, entries") \
	F(s, max_frags, 16, 2, le16, dev, 0, "descriptors of one transmit frame") \
	F(s, max_mtu, 18, 2, le16, dev, 0, "largest MTU, L3 bytes") \
	F(s, max_tso, 20, 4, le32, dev, 0, "largest frame before segmentation, bytes") \
	F(s, admin_max, 24, 2, le16, dev, 0, "largest admin ring, entries") \
	F(s, event_max, 26, 2, le16, dev, 0, "largest event ring, entries") \
	F(s, rss_entries, 28, 2, le16, dev, 0, "entries of the indirection table") \
	F(s, mac_filters, 30, 2, le16, dev, 0, "addresses in the receive filter")

#define ESV_FIELDS_esv_cap_offload(F, s) \
	F(s, hdr, 0, 8, esv_cap_hdr, dev, 0, "head, id OFFLOAD") \
	F(s, offloads, 8, 4, le32, dev, 0, "ESV_OFF_*") \
	F(s, rsvd, 12, 4, le32, dev, 0, "zero")

#define ESV_FIELDS_esv_cap_ipsec(F, s) \
	F(s, hdr, 0, 8, esv_cap_hdr, dev, 0, "head, id IPSEC") \
	F(s, flags, 8, 4, le32, dev, 0, "ESV_IPSEC_*") \
	F(s, algos, 12, 4, le32, dev, 0, "bit n: algorithm n of enum esv_algo") \
	F(s, sa_max, 16, 4, le32, dev, 0, "SAs that can be installed") \
	F(s, policy_max, 20, 4, le32, dev, 0, "SPD entries that can be installed") \
	F(s, window_min, 24, 4, le32, dev, 0, "smallest replay window, packets") \
	F(s, window_max, 28, 4, le32, dev, 0, "largest replay window, packets")

#define ESV_FIELDS_esv_cap_unit(F, s) \
	F(s, hdr, 0, 8, esv_cap_hdr, dev, 0, "head, id UNIT") \
	F(s, ke_methods, 8, 4, le32, dev, 0, "bit n: method n of enum esv_ke") \
	F(s, prfs, 12, 4, le32, dev, 0, "bit n: function n of enum esv_prf") \
	F(s, session_max, 16, 4, le32, dev, 0, "sessions that can be open") \
	F(s, handle_max, 20, 4, le32, dev, 0, "control handles that can live")

#define ESV_FIELDS_esv_cap_test(F, s) \
	F(s, hdr, 0, 8, esv_cap_hdr, dev, 0, "head, id TEST") \
	F(s, flags, 8, 4, le32, dev, 0, "ESV_MODE_* that are for tests only") \
	F(s, faults, 12, 4, le32, dev, 0, "bit n: fault n is armed")

#define ESV_FIELDS_esv_shadow(F, s) \
	F(s, tail, 0, 4, le32, drv, 0, "entries posted so far; event ring: entries taken so far") \
	F(s, irq_at, 4, 4, le32, drv, 0, "completions seen; the next one raises the vector") \
	F(s, rsvd0, 8, 24, le32, drv, 0, "zero") \
	F(s, head, 32, 4, le32, dev, 0, "entries consumed so far; completions or events written so far") \
	F(s, db_want, 36, 4, le32, dev, 0, "1: the device sleeps and wants the doorbell") \
	F(s, rsvd1, 40, 24, le32, dev, 0, "zero")

#define ESV_FIELDS_esv_tx_desc(F, s) \
	F(s, addr, 0, 8, le64, drv, 0, "buffer, host address") \
	F(s, len, 8, 2, le16, drv, 0, "bytes in this buffer, not 0") \
	F(s, flags, 10, 2, le16, drv, 0, "ESV_TXD_*") \
	F(s, sa_handle, 12, 4, le32, drv, 0, "SA that must protect the frame, with TAG") \
	F(s, mss, 16, 2, le16, drv, 0, "L4 payload bytes of a segment, with TSO") \
	F(s, hdr_len, 18, 2, le16, drv, 0, "bytes of L2 to L4 headers, with TSO") \
	F(s, csum_start, 20, 2, le16, drv, 0, "first byte that the checksum covers, with CSUM") \
	F(s, csum_offset, 22, 2, le16, drv, 0, "checksum field from csum_start, with CSUM") \
	F(s, vlan_tci, 24, 2, le16, drv, 0, "reserved: zero") \
	F(s, nr_desc, 26, 1, u8, drv, 0, "descriptors of the frame, this one included") \
	F(s, rsvd0, 27, 1, u8, drv, 0, "zero") \
	F(s, rsvd1, 28, 4, le32, drv, 0, "zero")

#define ESV_FIELDS_esv_tx_ext(F, s) \
	F(s, nexthop, 0, 6, u8, drv, 0, "reserved: destination MAC of a tunnel frame") \
	F(s, esp_offset, 6, 1, u8, drv, 0, "reserved: ESP header from the start of the frame") \
	F(s, trailer_len, 7, 1, u8, drv, 0, "reserved: bytes left for trailer and ICV") \
	F(s, seq_hi, 8, 4, le32, drv, 0, "reserved: high half of the sequence number") \
	F(s, rsvd, 12, 20, le32, drv, 0, "reserved: zero")

#define ESV_FIELDS_esv_rx_desc(F, s) \
	F(s, addr, 0, 8, le64, drv, 0, "buffer, host address") \
	F(s, len, 8, 2, le16, drv, 0, "bytes of the buffer, at least the queue's buf_len") \
	F(s, tag, 10, 2, le16, drv, 0, "comes back in the completion") \
	F(s, rsvd, 12, 4, le32, drv, 0, "zero")

#define ESV_FIELDS_esv_rx_cqe(F, s) \
	F(s, tag, 0, 2, le16, dev, 0, "tag of the buffer that was filled") \
	F(s, len, 2, 2, le16, dev, 0, "bytes in this buffer") \
	F(s, sa_handle, 4, 4, le32, dev, 0, "SA that the frame came in, with CRYPTO_OK") \
	F(s, spd_id, 8, 4, le32, dev, 0, "SPD entry that let the frame pass, 0: none") \
	F(s, hash, 12, 4, le32, dev, 0, "RSS hash") \
	F(s, seq_lo, 16, 4, le32, dev, 0, "low half of the ESP sequence number") \
	F(s, inner_type, 20, 2, le16, dev, 0, "ethertype of what is delivered") \
	F(s, vlan_tci, 22, 2, le16, dev, 0, "reserved: zero") \
	F(s, hash_type, 24, 1, u8, dev, 0, "enum esv_hash_type") \
	F(s, csum, 25, 1, u8, dev, 0, "ESV_RXC_CSUM_*") \
	F(s, crypto, 26, 1, u8, dev, 0, "enum esv_rx_crypto") \
	F(s, rsvd0, 27, 1, u8, dev, 0, "zero") \
	F(s, rsvd1, 28, 3, u8, dev, 0, "zero") \
	F(s, flags, 31, 1, u8, dev, 0, "ESV_RXC_*, written last")

#define ESV_FIELDS_esv_sqe(F, s) \
	F(s, opcode, 0, 2, le16, drv, 0, "command, ESV_OP_*") \
	F(s, version, 2, 1, u8, drv, 0, "version of the payload, 1") \
	F(s, flags, 3, 1, u8, drv, 0, "zero") \
	F(s, tag, 4, 2, le16, drv, 0, "driver's own, unique among commands in flight") \
	F(s, function, 6, 2, le16, drv, 0, "function that asks") \
	F(s, object, 8, 4, le32, drv, 0, "queue pair, SA or policy handle, or session") \
	F(s, rsvd0, 12, 4, le32, drv, 0, "zero") \
	F(s, inl, 16, 32, u8, drv, 0, "small arguments") \
	F(s, dma, 48, 8, le64, drv, 0, "payload page, host address") \
	F(s, in_len, 56, 2, le16, drv, 0, "bytes of payload from the host") \
	F(s, out_cap, 58, 2, le16, drv, 0, "bytes that the answer may have") \
	F(s, rsvd1, 60, 4, le32, drv, 0, "zero")

#define ESV_FIELDS_esv_cqe(F, s) \
	F(s, opcode, 0, 2, le16, dev, 0, "as in the request") \
	F(s, tag, 2, 2, le16, dev, 0, "as in the request") \
	F(s, status, 4, 2, le16, dev, 0, "outcome, ESV_S_*") \
	F(s, err_off, 6, 2, le16, dev, 0, "offending byte, ESV_ERR_OFF_*") \
	F(s, object, 8, 4, le32, dev, 0, "handle made by the command, else as in the request") \
	F(s, out_len, 12, 2, le16, dev, 0, "bytes of the answer written to dma") \
	F(s, retry_ms, 14, 2, le16, dev, 0, "with BUSY: ask again after this many ms") \
	F(s, result, 16, 12, u8, dev, 0, "small answers") \
	F(s, rsvd, 28, 3, u8, dev, 0, "zero") \
	F(s, flags, 31, 1, u8, dev, 0, "ESV_CQE_PHASE, written last")

#define ESV_FIELDS_esv_eqe(F, s) \
	F(s, type, 0, 1, u8, dev, 0, "ESV_EV_*") \
	F(s, severity, 1, 1, u8, dev, 0, "0 information, 1 warning, 2 error") \
	F(s, function, 2, 2, le16, dev, 0, "function that it is for") \
	F(s, seq, 4, 4, le32, dev, 0, "number of the event since reset") \
	F(s, object, 8, 4, le32, dev, 0, "SA handle, policy handle or queue") \
	F(s, rsvd, 12, 4, le32, dev, 0, "zero") \
	F(s, arg0, 16, 8, le64, dev, 0, "by type") \
	F(s, arg1, 24, 4, le32, dev, 0, "by type") \
	F(s, rsvd1, 28, 3, u8, dev, 0, "zero") \
	F(s, flags, 31, 1, u8, dev, 0, "ESV_EQE_*, written last")

#define ESV_FIELDS_esv_identify(F, s) \
	F(s, if_version, 0, 4, le32, dev, 0, "interface version, as in the register") \
	F(s, fw_version, 4, 4, le32, dev, 0, "firmware version, as in the register") \
	F(s, device_id, 8, 8, le64, dev, 1, "identity that stays for the device's life") \
	F(s, epoch, 16, 8, le64, dev, 1, "epoch of the trusted unit") \
	F(s, build, 24, 32, text, dev, 0, "build name, NUL padded") \
	F(s, features, 56, 4, le32, dev, 0, "ESV_FEAT_* that the device has") \
	F(s, rsvd, 60, 68, le32, dev, 0, "zero")

#define ESV_FIELDS_esv_queue_params(F, s) \
	F(s, type, 0, 1, u8, drv, 0, "enum esv_queue_type") \
	F(s, ring_log2, 1, 1, u8, drv, 0, "log2 of the descriptors") \
	F(s, cq_log2, 2, 1, u8, drv, 0, "log2 of the receive completions; TX: 0") \
	F(s, rsvd0, 3, 1, u8, drv, 0, "zero") \
	F(s, vector, 4, 2, le16, drv, 0, "MSI-X vector") \
	F(s, buf_len, 6, 2, le16, drv, 0, "RX: bytes used of each buffer; TX: 0") \
	F(s, ring, 8, 8, le64, drv, 0, "descriptor ring, host address") \
	F(s, cq, 16, 8, le64, drv, 0, "RX: completion ring, host address; TX: 0") \
	F(s, shadow, 24, 8, le64, drv, 0, "struct esv_shadow, host address")

#define ESV_FIELDS_esv_rss_params(F, s) \
	F(s, key, 0, 40, u8, drv, 0, "Toeplitz key") \
	F(s, table, 40, 128, u8, drv, 0, "queue pair of each hash bucket")

#define ESV_FIELDS_esv_filter_params(F, s) \
	F(s, flags, 0, 2, le16, drv, 0, "ESV_FILTER_*") \
	F(s, count, 2, 2, le16, drv, 0, "addresses that follow") \
	F(s, addr, 4, 384, u8, drv, 0, "multicast and further unicast addresses")

#define ESV_FIELDS_esv_port_params(F, s) \
	F(s, flags, 0, 4, le32, drv, 0, "ESV_PORT_*") \
	F(s, mtu, 4, 2, le16, drv, 0, "L3 bytes") \
	F(s, mac, 6, 6, u8, drv, 0, "port's own unicast address") \
	F(s, rsvd, 12, 4, le32, drv, 0, "zero")

#define ESV_FIELDS_esv_counters(F, s) \
	F(s, c, 0, 496, le64, dev, 0, "counter n of ESV_C_*")

#define ESV_FIELDS_esv_selector(F, s) \
	F(s, family, 0, 1, u8, drv, 0, "4 or 6; 0 in an SA without selector") \
	F(s, proto, 1, 1, u8, drv, 0, "upper protocol, 0: any") \
	F(s, plen_s, 2, 1, u8, drv, 0, "prefix length of saddr") \
	F(s, plen_d, 3, 1, u8, drv, 0, "prefix length of daddr") \
	F(s, sport, 4, 2, be16, drv, 0, "source port; ICMP and MH: type") \
	F(s, sport_mask, 6, 2, be16, drv, 0, "bits of sport that count") \
	F(s, dport, 8, 2, be16, drv, 0, "destination port; ICMP and MH: code") \
	F(s, dport_mask, 10, 2, be16, drv, 0, "bits of dport that count") \
	F(s, saddr, 12, 16, u8, drv, 0, "source prefix") \
	F(s, daddr, 28, 16, u8, drv, 0, "destination prefix") \
	F(s, rsvd, 44, 4, le32, drv, 0, "zero")

#define ESV_FIELDS_esv_sa_params(F, s) \
	F(s, spi, 0, 4, be32, drv, 0, "security parameter index, above 255") \
	F(s, family, 4, 1, u8, drv, 0, "of saddr and daddr, 4 or 6") \
	F(s, mode, 5, 1, u8, drv, 0, "enum esv_sa_mode, not ANY") \
	F(s, dir, 6, 1, u8, drv, 0, "enum esv_dir") \
	F(s, algo, 7, 1, u8, drv, 0, "enum esv_algo") \
	F(s, flags, 8, 4, le32, drv, 0, "ESV_SA_F_*") \
	F(s, reqid, 12, 4, le32, drv, 0, "joins SA and SPD entry, not 0") \
	F(s, window, 16, 4, le32, drv, 0, "in: replay window, packets; out: 0") \
	F(s, function, 20, 2, le16, drv, 0, "owner") \
	F(s, encap_type, 22, 2, le16, drv, 0, "reserved: zero") \
	F(s, encap_sport, 24, 2, be16, drv, 0, "reserved: zero") \
	F(s, encap_dport, 26, 2, be16, drv, 0, "reserved: zero") \
	F(s, key_len, 28, 2, le16, drv, 0, "bytes used of key") \
	F(s, nexthop, 30, 6, u8, drv, 0, "tunnel, out: destination MAC") \
	F(s, saddr, 36, 16, u8, drv, 0, "outer source") \
	F(s, daddr, 52, 16, u8, drv, 0, "outer destination") \
	F(s, sel, 68, 48, esv_selector, drv, 0, "what decrypted packets must match, with SEL") \
	F(s, rsvd, 116, 4, le32, drv, 0, "zero") \
	F(s, seq, 120, 8, le64, drv, 0, "out: last number used; in: highest number seen") \
	F(s, soft_packets, 128, 8, le64, drv, 0, "packets until SA_SOFT") \
	F(s, hard_packets, 136, 8, le64, drv, 0, "packets until SA_HARD") \
	F(s, soft_bytes, 144, 8, le64, drv, 0, "bytes until SA_SOFT") \
	F(s, hard_bytes, 152, 8, le64, drv, 0, "bytes until SA_HARD") \
	F(s, key, 160, 64, u8, drv, 0, "key and salt, or a token")

#define ESV_FIELDS_esv_sa_update(F, s) \
	F(s, fields, 0, 4, le32, drv, 0, "ESV_SA_U_*: what changes") \
	F(s, nexthop_valid, 4, 1, u8, drv, 0, "0: next hop is unknown, frames are dropped") \
	F(s, nexthop, 5, 6, u8, drv, 0, "tunnel, out: destination MAC") \
	F(s, rsvd0, 11, 1, u8, drv, 0, "zero") \
	F(s, saddr, 12, 16, u8, drv, 0, "outer source") \
	F(s, daddr, 28, 16, u8, drv, 0, "outer destination") \
	F(s, rsvd1, 44, 4, le32, drv, 0, "zero") \
	F(s, soft_packets, 48, 8, le64, drv, 0, "packets until SA_SOFT") \
	F(s, hard_packets, 56, 8, le64, drv, 0, "packets until SA_HARD") \
	F(s, soft_bytes, 64, 8, le64, drv, 0, "bytes until SA_SOFT") \
	F(s, hard_bytes, 72, 8, le64, drv, 0, "bytes until SA_HARD")

#define ESV_FIELDS_esv_sa_key(F, s) \
	F(s, spi, 0, 4, be32, drv, 0, "security parameter index") \
	F(s, family, 4, 1, u8, drv, 0, "4 or 6") \
	F(s, proto, 5, 1, u8, drv, 0, "50") \
	F(s, function, 6, 2, le16, drv, 0, "owner") \
	F(s, daddr, 8, 16, u8, drv, 0, "outer destination") \
	F(s, dir, 24, 1, u8, drv, 0, "enum esv_dir, 0: either") \
	F(s, rsvd, 25, 7, u8, drv, 0, "zero")

#define ESV_FIELDS_esv_sa_info(F, s) \
	F(s, handle, 0, 4, le32, dev, 0, "handle of the SA") \
	F(s, spi, 4, 4, be32, dev, 0, "security parameter index") \
	F(s, family, 8, 1, u8, dev, 0, "4 or 6") \
	F(s, mode, 9, 1, u8, dev, 0, "enum esv_sa_mode") \
	F(s, dir, 10, 1, u8, dev, 0, "enum esv_dir") \
	F(s, algo, 11, 1, u8, dev, 0, "enum esv_algo") \
	F(s, flags, 12, 4, le32, dev, 0, "ESV_SA_F_*") \
	F(s, reqid, 16, 4, le32, dev, 0, "joins SA and SPD entry") \
	F(s, window, 20, 4, le32, dev, 0, "replay window, packets") \
	F(s, custody, 24, 1, u8, dev, 0, "enum esv_custody") \
	F(s, vouch, 25, 1, u8, dev, 0, "enum esv_vouch") \
	F(s, state, 26, 1, u8, dev, 0, "enum esv_sa_state") \
	F(s, rsvd0, 27, 1, u8, dev, 0, "zero") \
	F(s, function, 28, 2, le16, dev, 0, "owner") \
	F(s, rsvd1, 30, 2, le16, dev, 0, "zero") \
	F(s, saddr, 32, 16, u8, dev, 0, "outer source") \
	F(s, daddr, 48, 16, u8, dev, 0, "outer destination") \
	F(s, seq, 64, 8, le64, dev, 0, "out: last number used; in: highest number seen") \
	F(s, packets, 72, 8, le64, dev, 0, "packets that the SA carried") \
	F(s, bytes, 80, 8, le64, dev, 0, "payload bytes that the SA carried") \
	F(s, auth_failed, 88, 8, le64, dev, 0, "packets with a wrong ICV") \
	F(s, replay_dropped, 96, 8, le64, dev, 0, "duplicates and too old packets") \
	F(s, replay_window_dropped, 104, 8, le64, dev, 0, "too old packets only") \
	F(s, other_dropped, 112, 8, le64, dev, 0, "packets dropped for another reason") \
	F(s, epoch, 120, 8, le64, dev, 1, "epoch in which the key was installed")

#define ESV_FIELDS_esv_sa_list(F, s) \
	F(s, next, 0, 4, le32, dev, 0, "cursor of the next call, 0: no more") \
	F(s, count, 4, 4, le32, dev, 0, "handles that follow") \
	F(s, handle, 8, 4000, le32, dev, 0, "SA handles")

#define ESV_FIELDS_esv_policy_params(F, s) \
	F(s, sel, 0, 48, esv_selector, drv, 0, "what the entry matches") \
	F(s, dir, 48, 1, u8, drv, 0, "enum esv_dir") \
	F(s, action, 49, 1, u8, drv, 0, "enum esv_action") \
	F(s, mode, 50, 1, u8, drv, 0, "PROTECT: enum esv_sa_mode, not ANY; else 0") \
	F(s, family, 51, 1, u8, drv, 0, "PROTECT tunnel: family of saddr and daddr; else 0") \
	F(s, priority, 52, 4, le32, drv, 0, "lower wins") \
	F(s, reqid, 56, 4, le32, drv, 0, "PROTECT: SAs that fit, not 0") \
	F(s, cookie, 60, 4, le32, drv, 0, "driver's own") \
	F(s, function, 64, 2, le16, drv, 0, "owner") \
	F(s, rsvd0, 66, 2, le16, drv, 0, "zero") \
	F(s, rsvd1, 68, 4, le32, drv, 0, "zero") \
	F(s, saddr, 72, 16, u8, drv, 0, "PROTECT tunnel: outer source") \
	F(s, daddr, 88, 16, u8, drv, 0, "PROTECT tunnel: outer destination")

#define ESV_FIELDS_esv_policy_info(F, s) \
	F(s, p, 0, 104, esv_policy_params, dev, 0, "the entry as it was added") \
	F(s, packets, 104, 8, le64, dev, 0, "frames that the entry decided") \
	F(s, bytes, 112, 8, le64, dev, 0, "bytes that the entry decided") \
	F(s, drops, 120, 8, le64, dev, 0, "frames that the entry dropped")

#define ESV_FIELDS_esv_policy_list(F, s) \
	F(s, next, 0, 4, le32, dev, 0, "cursor of the next call, 0: no more") \
	F(s, count, 4, 4, le32, dev, 0, "handles that follow") \
	F(s, handle, 8, 4000, le32, dev, 0, "policy handles")

#define ESV_FIELDS_esv_handle_in(F, s) \
	F(s, handle, 0, 8, le64, drv, 0, "handle of the session")

#define ESV_FIELDS_esv_handle_out(F, s) \
	F(s, handle, 0, 8, le64, dev, 0, "handle of the session")

#define ESV_FIELDS_esv_handle_info(F, s) \
	F(s, handle, 0, 8, le64, dev, 0, "the handle that was asked for") \
	F(s, type, 8, 1, u8, dev, 0, "enum esv_handle_type") \
	F(s, state, 9, 1, u8, dev, 0, "enum esv_handle_state") \
	F(s, vouch, 10, 1, u8, dev, 0, "IKE, ESP: enum esv_vouch") \
	F(s, dir, 11, 1, u8, dev, 0, "ESP: enum esv_dir") \
	F(s, rsvd, 12, 4, le32, dev, 0, "zero")

#define ESV_FIELDS_esv_nonce_gen(F, s) \
	F(s, len, 0, 2, le16, drv, 0, "bytes, 16 to 256") \
	F(s, rsvd, 2, 6, le16, drv, 0, "zero")

#define ESV_FIELDS_esv_nonce_out(F, s) \
	F(s, handle, 0, 8, le64, dev, 0, "handle of the nonce") \
	F(s, len, 8, 2, le16, dev, 0, "bytes of nonce") \
	F(s, rsvd, 10, 6, le16, dev, 0, "zero") \
	F(s, nonce, 16, 256, u8, dev, 1, "the nonce")

#define ESV_FIELDS_esv_ke_gen(F, s) \
	F(s, method, 0, 2, le16, drv, 0, "enum esv_ke") \
	F(s, rsvd, 2, 6, le16, drv, 0, "zero")

#define ESV_FIELDS_esv_ke_out(F, s) \
	F(s, handle, 0, 8, le64, dev, 0, "KE_GEN: of the private value; KE_ENCAP: of the secret") \
	F(s, len, 8, 2, le16, dev, 0, "bytes of value") \
	F(s, rsvd, 10, 6, le16, dev, 0, "zero") \
	F(s, value, 16, 2048, u8, dev, 1, "public value or ciphertext, for the KE payload")

#define ESV_FIELDS_esv_ke_encap(F, s) \
	F(s, method, 0, 2, le16, drv, 0, "enum esv_ke, a KEM") \
	F(s, len, 2, 2, le16, drv, 0, "bytes of value") \
	F(s, rsvd, 4, 4, le16, drv, 0, "zero") \
	F(s, value, 8, 2048, u8, drv, 0, "peer's encapsulation key")

#define ESV_FIELDS_esv_ke_finish(F, s) \
	F(s, handle, 0, 8, le64, drv, 0, "handle of the private value") \
	F(s, len, 8, 2, le16, drv, 0, "bytes of value") \
	F(s, rsvd, 10, 6, le16, drv, 0, "zero") \
	F(s, value, 16, 2048, u8, drv, 0, "peer's public value")

#define ESV_FIELDS_esv_ike_derive(F, s) \
	F(s, secret, 0, 8, le64, drv, 0, "handle of the shared secret") \
	F(s, nonce, 8, 8, le64, drv, 0, "handle of the own nonce") \
	F(s, role, 16, 1, u8, drv, 0, "enum esv_role") \
	F(s, prf, 17, 1, u8, drv, 0, "enum esv_prf") \
	F(s, encr, 18, 1, u8, drv, 0, "enum esv_algo of the IKE SA itself") \
	F(s, rsvd0, 19, 1, u8, drv, 0, "zero") \
	F(s, peer_nonce_len, 20, 2, le16, drv, 0, "bytes of peer_nonce") \
	F(s, rsvd1, 22, 2, le16, drv, 0, "zero") \
	F(s, spi_i, 24, 8, u8, drv, 0, "initiator's IKE SPI") \
	F(s, spi_r, 32, 8, u8, drv, 0, "responder's IKE SPI") \
	F(s, peer_nonce, 40, 256, u8, drv, 0, "peer's nonce")

#define ESV_FIELDS_esv_ike_update(F, s) \
	F(s, ike, 0, 8, le64, drv, 0, "handle of the IKE SA") \
	F(s, secret, 8, 8, le64, drv, 0, "handle of the further shared secret")

#define ESV_FIELDS_esv_ike_rekey(F, s) \
	F(s, ike, 0, 8, le64, drv, 0, "handle of the old IKE SA") \
	F(s, nonce, 8, 8, le64, drv, 0, "handle of the own nonce") \
	F(s, secret, 16, 64, le64, drv, 0, "handles of shared secrets, 0: no more") \
	F(s, role, 80, 1, u8, drv, 0, "enum esv_role, in this exchange") \
	F(s, prf, 81, 1, u8, drv, 0, "enum esv_prf of the new IKE SA") \
	F(s, encr, 82, 1, u8, drv, 0, "enum esv_algo of the new IKE SA") \
	F(s, rsvd0, 83, 1, u8, drv, 0, "zero") \
	F(s, peer_nonce_len, 84, 2, le16, drv, 0, "bytes of peer_nonce") \
	F(s, rsvd1, 86, 2, le16, drv, 0, "zero") \
	F(s, spi_i, 88, 8, u8, drv, 0, "initiator's new IKE SPI") \
	F(s, spi_r, 96, 8, u8, drv, 0, "responder's new IKE SPI") \
	F(s, peer_nonce, 104, 256, u8, drv, 0, "peer's nonce")

#define ESV_FIELDS_esv_ike_seal(F, s) \
	F(s, ike, 0, 8, le64, drv, 0, "handle of the IKE SA") \
	F(s, aad_len, 8, 2, le16, drv, 0, "bytes of data that are only authenticated") \
	F(s, len, 10, 2, le16, drv, 0, "bytes of data behind them, that are encrypted") \
	F(s, rsvd, 12, 4, le32, drv, 0, "zero") \
	F(s, data, 16, 4080, u8, drv, 0, "AAD and text")

#define ESV_FIELDS_esv_ike_sealed(F, s) \
	F(s, iv, 0, 8, u8, dev, 0, "IV, a counter") \
	F(s, icv, 8, 16, u8, dev, 1, "integrity check value") \
	F(s, data, 24, 4072, u8, dev, 1, "ciphertext, as long as the text")

#define ESV_FIELDS_esv_ike_open(F, s) \
	F(s, ike, 0, 8, le64, drv, 0, "handle of the IKE SA") \
	F(s, aad_len, 8, 2, le16, drv, 0, "bytes of data that are only authenticated") \
	F(s, len, 10, 2, le16, drv, 0, "bytes of ciphertext behind them") \
	F(s, rsvd, 12, 4, le32, drv, 0, "zero") \
	F(s, iv, 16, 8, u8, drv, 0, "IV of the message") \
	F(s, icv, 24, 16, u8, drv, 0, "integrity check value of the message") \
	F(s, data, 40, 4056, u8, drv, 0, "AAD and ciphertext")

#define ESV_FIELDS_esv_secret_hdr(F, s) \
	F(s, version, 0, 1, u8, drv, 0, "ESV_SECRET_VERSION") \
	F(s, type, 1, 1, u8, drv, 0, "enum esv_handle_type") \
	F(s, id_type, 2, 1, u8, drv, 0, "RFC 7296 3.5, 0: not bound to an identity") \
	F(s, rsvd, 3, 1, u8, drv, 0, "zero") \
	F(s, id_len, 4, 2, le16, drv, 0, "bytes of the identity behind the header") \
	F(s, len, 6, 2, le16, drv, 0, "bytes of the secret behind that")

#define ESV_FIELDS_esv_wrapped_esp(F, s) \
	F(s, dir, 0, 1, u8, drv, 0, "enum esv_dir") \
	F(s, family, 1, 1, u8, drv, 0, "4 or 6") \
	F(s, mode, 2, 1, u8, drv, 0, "enum esv_sa_mode") \
	F(s, rsvd, 3, 1, u8, drv, 0, "zero") \
	F(s, spi, 4, 4, be32, drv, 0, "security parameter index") \
	F(s, saddr, 8, 16, u8, drv, 0, "outer source") \
	F(s, daddr, 24, 16, u8, drv, 0, "outer destination") \
	F(s, key, 40, 36, u8, drv, 0, "AES-256-GCM key and salt")

#define ESV_FIELDS_esv_provision(F, s) \
	F(s, type, 0, 1, u8, drv, 0, "enum esv_handle_type") \
	F(s, wrap, 1, 1, u8, drv, 0, "enum esv_wrap") \
	F(s, flags, 2, 2, le16, drv, 0, "ESV_PROVISION_F_*") \
	F(s, len, 4, 2, le16, drv, 0, "bytes of data") \
	F(s, rsvd, 6, 2, le16, drv, 0, "zero") \
	F(s, kek, 8, 8, le64, drv, 0, "KWP: handle of the KEK; else 0") \
	F(s, data, 16, 4080, u8, drv, 0, "the wrapped secret; HPKE: encapsulated key first")

#define ESV_FIELDS_esv_provisioned(F, s) \
	F(s, handle, 0, 8, le64, dev, 0, "handle of the secret") \
	F(s, stored_len, 8, 2, le16, dev, 0, "bytes of stored: blob or token; else 0") \
	F(s, rsvd, 10, 6, le16, dev, 0, "zero") \
	F(s, stored, 16, 4080, u8, dev, 1, "blob for a later PROVISION; ESP: the token")

#define ESV_FIELDS_esv_ppk_apply(F, s) \
	F(s, ike, 0, 8, le64, drv, 0, "handle of the IKE SA") \
	F(s, ppk, 8, 8, le64, drv, 0, "handle of the PPK")

#define ESV_FIELDS_esv_intauth(F, s) \
	F(s, ike, 0, 8, le64, drv, 0, "handle of the IKE SA") \
	F(s, sender, 8, 1, u8, drv, 0, "enum esv_role of who sent it") \
	F(s, rsvd0, 9, 1, u8, drv, 0, "zero") \
	F(s, len, 10, 2, le16, drv, 0, "bytes of data") \
	F(s, rsvd1, 12, 4, le32, drv, 0, "zero") \
	F(s, data, 16, 4080, u8, drv, 0, "A and P of RFC 9242 3.3.2")

#define ESV_FIELDS_esv_auth_sign(F, s) \
	F(s, ike, 0, 8, le64, drv, 0, "handle of the IKE SA") \
	F(s, key, 8, 8, le64, drv, 0, "handle of the PSK or PRIV") \
	F(s, scheme, 16, 1, u8, drv, 0, "PRIV: enum esv_sig; PSK: 0") \
	F(s, flags, 17, 1, u8, drv, 0, "ESV_AUTH_F_*") \
	F(s, id_type, 18, 1, u8, drv, 0, "own identification type, RFC 7296 3.5") \
	F(s, rsvd0, 19, 1, u8, drv, 0, "zero") \
	F(s, id_len, 20, 2, le16, drv, 0, "bytes of the identity") \
	F(s, msg_len, 22, 2, le16, drv, 0, "bytes of the message") \
	F(s, data, 24, 4072, u8, drv, 0, "own identity, own IKE_SA_INIT message")

#define ESV_FIELDS_esv_auth_data(F, s) \
	F(s, method, 0, 1, u8, dev, 0, "ESV_AUTH_METHOD_*") \
	F(s, rsvd0, 1, 1, u8, dev, 0, "zero") \
	F(s, len, 2, 2, le16, dev, 1, "bytes of data") \
	F(s, rsvd1, 4, 4, le32, dev, 0, "zero") \
	F(s, data, 8, 1016, u8, dev, 1, "Authentication Data of the AUTH payload")

#define ESV_FIELDS_esv_auth_verify(F, s) \
	F(s, ike, 0, 8, le64, drv, 0, "handle of the IKE SA") \
	F(s, key, 8, 8, le64, drv, 0, "handle of the PSK, PUB or ANCHOR") \
	F(s, cert, 16, 32, le64, drv, 0, "ANCHOR: handles of CERTs, the peer's first, 0: no more") \
	F(s, method, 48, 1, u8, drv, 0, "ESV_AUTH_METHOD_*") \
	F(s, flags, 49, 1, u8, drv, 0, "ESV_AUTH_F_*") \
	F(s, id_type, 50, 1, u8, drv, 0, "peer's identification type, RFC 7296 3.5") \
	F(s, rsvd0, 51, 1, u8, drv, 0, "zero") \
	F(s, id_len, 52, 2, le16, drv, 0, "bytes of the identity") \
	F(s, msg_len, 54, 2, le16, drv, 0, "bytes of the message") \
	F(s, auth_len, 56, 2, le16, drv, 0, "bytes of the Authentication Data") \
	F(s, rsvd1, 58, 2, le16, drv, 0, "zero") \
	F(s, rsvd2, 60, 4, le32, drv, 0, "zero") \
	F(s, data, 64, 4032, u8, drv, 0, "peer's identity, IKE_SA_INIT message, Authentication Data")

#define ESV_FIELDS_esv_attest(F, s) \
	F(s, nonce, 0, 32, u8, drv, 0, "verifier's nonce") \
	F(s, subject, 32, 1, u8, drv, 0, "enum esv_subject") \
	F(s, rsvd0, 33, 3, u8, drv, 0, "zero") \
	F(s, sa, 36, 4, le32, drv, 0, "SA: its handle; else 0") \
	F(s, handle, 40, 8, le64, drv, 0, "HANDLE: handle of the session; else 0")

#define ESV_FIELDS_esv_attested(F, s) \
	F(s, len, 0, 2, le16, dev, 1, "bytes of data") \
	F(s, rsvd, 2, 6, le16, dev, 0, "zero") \
	F(s, data, 8, 4088, u8, dev, 1, "SignedData in DER (RFC 5652 5.1)")

#define ESV_FIELDS_esv_alg_test(F, s) \
	F(s, alg, 0, 2, le16, drv, 0, "enum esv_alg") \
	F(s, param, 2, 2, le16, drv, 0, "prf, method or scheme, where the algorithm has one; else 0") \
	F(s, len, 4, 8, le16, drv, 0, "bytes of each part, 0: no such part") \
	F(s, rsvd, 12, 4, le32, drv, 0, "zero") \
	F(s, data, 16, 4080, u8, drv, 0, "the parts, one behind the other")

#define ESV_FIELDS_esv_alg_tested(F, s) \
	F(s, len, 0, 2, le16, dev, 0, "bytes of data") \
	F(s, rsvd, 2, 6, le16, dev, 0, "zero") \
	F(s, data, 8, 4088, u8, dev, 0, "what the algorithm gives")

#define ESV_FIELDS_esv_statement(F, s) \
	F(s, magic, 0, 16, u8, dev, 0, "ESV_STATEMENT_MAGIC with its NUL") \
	F(s, version, 16, 2, le16, dev, 0, "ESV_STATEMENT_VERSION") \
	F(s, subject, 18, 1, u8, dev, 0, "enum esv_subject") \
	F(s, rsvd0, 19, 1, u8, dev, 0, "zero") \
	F(s, mode, 20, 4, le32, dev, 0, "ESV_MODE_*") \
	F(s, if_version, 24, 4, le32, dev, 0, "interface version, as in the register") \
	F(s, fw_version, 28, 4, le32, dev, 0, "firmware version, as in the register") \
	F(s, nonce, 32, 32, u8, dev, 0, "verifier's nonce") \
	F(s, device_id, 64, 8, le64, dev, 1, "identity that stays for the device's life") \
	F(s, epoch, 72, 8, le64, dev, 1, "epoch now") \
	F(s, resets, 80, 8, le64, dev, 0, "resets so far") \
	F(s, measurement, 88, 32, u8, dev, 0, "of the firmware") \
	F(s, provision_key, 120, 32, u8, dev, 1, "X25519 key that HPKE seals to") \
	F(s, sessions, 152, 4, le32, dev, 0, "sessions that are open") \
	F(s, handles, 156, 4, le32, dev, 0, "control handles that live") \
	F(s, keys_installed, 160, 4, le32, dev, 0, "keys that an SA uses") \
	F(s, keys_pending, 164, 4, le32, dev, 0, "tokens that are not installed yet") \
	F(s, handle, 168, 8, le64, dev, 0, "HANDLE: the handle that was asked for; else 0") \
	F(s, type, 176, 1, u8, dev, 0, "enum esv_handle_type of the object or the SA's key; UNIT: 0") \
	F(s, state, 177, 1, u8, dev, 0, "enum esv_handle_state of it") \
	F(s, vouch, 178, 1, u8, dev, 0, "enum esv_vouch") \
	F(s, dir, 179, 1, u8, dev, 0, "ESP: enum esv_dir") \
	F(s, custody, 180, 1, u8, dev, 0, "IKE, ESP: enum esv_custody") \
	F(s, id_type, 181, 1, u8, dev, 0, "RFC 7296 3.5, 0: none") \
	F(s, id_len, 182, 2, le16, dev, 0, "bytes of id") \
	F(s, sa, 184, 128, esv_sa_info, dev, 0, "SA: as SA_QUERY answers; else zero") \
	F(s, id, 312, 256, u8, dev, 0, "peer's identity, or what a provisioned secret is bound to")

#define ESV_FIELDS_esv_auth_assert(F, s) \
	F(s, ike, 0, 8, le64, drv, 0, "handle of the IKE SA") \
	F(s, id_type, 8, 1, u8, drv, 0, "identification type, RFC 7296 3.5") \
	F(s, flags, 9, 1, u8, drv, 0, "ESV_AUTH_F_*") \
	F(s, id_len, 10, 2, le16, drv, 0, "bytes of id") \
	F(s, rsvd1, 12, 4, le32, drv, 0, "zero") \
	F(s, id, 16, 256, u8, drv, 0, "peer's identity")

#define ESV_FIELDS_esv_child_derive(F, s) \
	F(s, ike, 0, 8, le64, drv, 0, "handle of the IKE SA") \
	F(s, nonce, 8, 8, le64, drv, 0, "handle of the own nonce, 0 with FIRST") \
	F(s, secret, 16, 64, le64, drv, 0, "handles of shared secrets for PFS, 0: none") \
	F(s, flags, 80, 4, le32, drv, 0, "ESV_CHILD_F_*") \
	F(s, role, 84, 1, u8, drv, 0, "enum esv_role, in this exchange") \
	F(s, algo, 85, 1, u8, drv, 0, "enum esv_algo") \
	F(s, peer_nonce_len, 86, 2, le16, drv, 0, "bytes of peer_nonce, 0 with FIRST") \
	F(s, install_ms, 88, 4, le32, drv, 0, "ms until unused tokens die, 0: default") \
	F(s, rsvd, 92, 4, le32, drv, 0, "zero") \
	F(s, hard_packets, 96, 8, le64, drv, 0, "most packets that the keys may carry") \
	F(s, hard_bytes, 104, 8, le64, drv, 0, "most bytes that the keys may carry") \
	F(s, peer_nonce, 112, 256, u8, drv, 0, "peer's nonce")

#define ESV_FIELDS_esv_child_out(F, s) \
	F(s, esp_in, 0, 8, le64, dev, 0, "handle of the inbound key") \
	F(s, esp_out, 8, 8, le64, dev, 0, "handle of the outbound key") \
	F(s, token_in, 16, 36, u8, dev, 1, "token of the inbound key") \
	F(s, token_out, 52, 36, u8, dev, 1, "token of the outbound key")

#define ESV_FIELDS_esv_unit_status(F, s) \
	F(s, device_id, 0, 8, le64, dev, 1, "identity that stays for the device's life") \
	F(s, epoch, 8, 8, le64, dev, 1, "changes whenever keys are lost") \
	F(s, resets, 16, 8, le64, dev, 0, "resets so far") \
	F(s, mode, 24, 4, le32, dev, 0, "ESV_MODE_*") \
	F(s, selftest, 28, 1, u8, dev, 0, "ESV_SELFTEST_*") \
	F(s, selftest_failed, 29, 1, u8, dev, 0, "number of the first test that failed") \
	F(s, rsvd0, 30, 2, le16, dev, 0, "zero") \
	F(s, ke_methods, 32, 4, le32, dev, 0, "bit n: method n of enum esv_ke") \
	F(s, prfs, 36, 4, le32, dev, 0, "bit n: function n of enum esv_prf") \
	F(s, sessions, 40, 4, le32, dev, 0, "sessions that are open") \
	F(s, session_max, 44, 4, le32, dev, 0, "sessions that can be open") \
	F(s, handles, 48, 4, le32, dev, 0, "control handles that live") \
	F(s, handle_max, 52, 4, le32, dev, 0, "control handles that can live") \
	F(s, keys_installed, 56, 4, le32, dev, 0, "keys that an SA uses") \
	F(s, keys_pending, 60, 4, le32, dev, 0, "tokens that are not installed yet") \
	F(s, provision_key, 64, 32, u8, dev, 1, "X25519 key that HPKE seals to")

#define ESV_FIELDS_esv_token(F, s) \
	F(s, magic, 0, 8, u8, dev, 0, "ESV_TOKEN_MAGIC") \
	F(s, slot, 8, 4, u8, dev, 0, "slot of the key") \
	F(s, generation, 12, 4, u8, dev, 0, "use of the slot") \
	F(s, function, 16, 2, u8, dev, 0, "owner") \
	F(s, dir, 18, 1, u8, dev, 0, "enum esv_dir") \
	F(s, suite, 19, 1, u8, dev, 0, "enum esv_algo") \
	F(s, mac, 20, 16, u8, dev, 1, "MAC under a secret of the unit")

#define ESV_FIELDS_esv_uapi_info(F, s) \
	F(s, size, 0, 4, u32, both, 0, "in: bytes of the caller's struct; out: of the driver's") \
	F(s, uapi_version, 4, 4, u32, drv, 0, "ESV_UAPI_VERSION of the driver") \
	F(s, if_version, 8, 4, u32, drv, 0, "interface version of the device") \
	F(s, fw_version, 12, 4, u32, drv, 0, "firmware version of the device") \
	F(s, ifindex, 16, 4, u32, drv, 0, "network interface, in netns_cookie's namespace") \
	F(s, mode, 20, 4, u32, drv, 0, "ESV_MODE_*") \
	F(s, netns_cookie, 24, 8, u64, drv, 0, "network namespace of the interface") \
	F(s, epoch, 32, 8, u64, drv, 1, "epoch of the trusted unit") \
	F(s, ifname, 40, 16, text, drv, 0, "name of the interface, NUL padded") \
	F(s, bus_info, 56, 32, text, drv, 0, "PCI address, NUL padded") \
	F(s, ipsec_flags, 88, 4, u32, drv, 0, "ESV_IPSEC_*; this and what follows: 0 without ESP") \
	F(s, algos, 92, 4, u32, drv, 0, "bit n: enum esv_algo n") \
	F(s, sa_max, 96, 4, u32, drv, 0, "SAs that fit") \
	F(s, policy_max, 100, 4, u32, drv, 0, "SPD entries that fit") \
	F(s, window_min, 104, 4, u32, drv, 0, "smallest replay window, packets") \
	F(s, window_max, 108, 4, u32, drv, 0, "largest replay window, packets")

#define ESV_FIELDS_esv_uapi_cmd(F, s) \
	F(s, size, 0, 4, u32, prog, 0, "bytes of this struct") \
	F(s, opcode, 4, 2, u16, prog, 0, "ESV_OP_*") \
	F(s, status, 6, 2, u16, drv, 0, "ESV_S_*") \
	F(s, err_off, 8, 2, u16, drv, 0, "offending byte, ESV_ERR_OFF_*") \
	F(s, out_len, 10, 2, u16, drv, 0, "bytes written to out") \
	F(s, object, 12, 4, u32, both, 0, "in: SA or policy handle; out: made by the command") \
	F(s, in, 16, 8, u64, prog, 0, "address of the payload") \
	F(s, out, 24, 8, u64, prog, 0, "address for the answer") \
	F(s, in_len, 32, 2, u16, prog, 0, "bytes of payload") \
	F(s, out_cap, 34, 2, u16, prog, 0, "bytes that the answer may have") \
	F(s, rsvd, 36, 4, u32, prog, 0, "zero") \
	F(s, inl, 40, 32, u8, prog, 0, "small arguments") \
	F(s, result, 72, 12, u8, drv, 0, "small answers") \
	F(s, rsvd1, 84, 4, u32, prog, 0, "zero")

#endif
