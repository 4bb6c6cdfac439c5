/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * espvault firmware interface: every constant of the headers that is not in
 * esv_list.h, so that the specification and the golden text show it.
 *
 * ESV_GROUP_LIST: X(group, clause, title).
 * ESV_GROUP_<group>: C(group, NAME, text), for ESV_<NAME>.
 */
#ifndef ESPVAULT_ESV_CONST_H
#define ESPVAULT_ESV_CONST_H

#define ESV_GROUP_LIST(X) \
	X(pci, "REG-50", "PCI identity and BARs") \
	X(ctrl, "REG-4", "CTRL") \
	X(stat, "REG-51", "STATUS") \
	X(fatal, "REG-14", "FATAL_CODE") \
	X(mode, "REG-52", "MODE") \
	X(doorbell, "DBL-1", "doorbells") \
	X(cap_flags, "CAP-3", "flags of a capability block") \
	X(offload, "CAP-12", "stateless offloads") \
	X(ipsec, "CAP-13", "IPsec offload") \
	X(txd, "TXD-1", "flags of a transmit descriptor") \
	X(qerr, "TXD-5", "reasons of QUEUE_ERROR") \
	X(rxc, "RXC-2", "flags of a receive completion") \
	X(rxcsum, "RXC-3", "csum of a receive completion") \
	X(rx_crypto, "RXC-5", "crypto of a receive completion") \
	X(hash, "RSS-2", "hash_type of a receive completion") \
	X(admin, "ADM-1", "admin queue") \
	X(eqe, "EVT-2", "flags of an event") \
	X(feat, "ADM-42", "features") \
	X(queue_type, "QUE-1", "queue types") \
	X(nic, "ADM-53", "NIC commands") \
	X(algo, "SA-54", "algorithms") \
	X(sa_mode, "SA-55", "modes") \
	X(dir, "SA-55", "directions") \
	X(action, "SPD-54", "actions of an SPD entry") \
	X(custody, "SA-56", "custody of a key") \
	X(sa_flags, "SA-57", "flags of an SA") \
	X(sa, "SA-58", "limits of an SA") \
	X(sa_update, "SA-30", "fields of SA_UPDATE") \
	X(sa_state, "SA-59", "states of an SA") \
	X(vouch, "SA-60", "who vouched for the peer") \
	X(list, "SA-53", "lists") \
	X(bypass, "BYP-50", "static bypass classes") \
	X(ke, "UNIT-74", "key exchange methods") \
	X(prf, "UNIT-76", "pseudorandom functions") \
	X(role, "UNIT-76", "roles") \
	X(handle_type, "UNIT-10", "handle types") \
	X(handle_state, "UNIT-10", "handle states") \
	X(wrap, "UNIT-90", "wraps of PROVISION") \
	X(sig, "UNIT-95", "signature schemes") \
	X(subject, "UNIT-98", "subjects of a statement") \
	X(alg, "UNIT-101", "algorithms of ALG_TEST: what they take; what they give") \
	X(unit, "UNIT-80", "limits of the unit") \
	X(zeroize, "UNIT-81", "scopes of ZEROIZE")

#define ESV_GROUP_pci(C) \
	C(pci, PCI_VENDOR, "vendor id, experimental range") \
	C(pci, PCI_DEVICE, "device id") \
	C(pci, BAR_REGS, "BAR of registers and doorbells") \
	C(pci, BAR_MSIX, "BAR of the MSI-X table") \
	C(pci, BAR0_SIZE, "bytes of BAR 0") \
	C(pci, MAGIC, "\"ESV1\" in memory order") \
	C(pci, IF_MAJOR, "major of this interface") \
	C(pci, IF_MINOR, "minor of this interface") \
	C(pci, TEST_DMA_WORDS, "32-bit words of the DMA test pattern")

#define ESV_GROUP_ctrl(C) \
	C(ctrl, CTRL_ENABLE, "rings are valid, device may run") \
	C(ctrl, CTRL_RESET, "reset; clears itself") \
	C(ctrl, CTRL_REASON_SHIFT, "reason of the reset from this bit on")

#define ESV_GROUP_stat(C) \
	C(stat, STAT_READY, "device answers") \
	C(stat, STAT_ENABLED, "device runs") \
	C(stat, STAT_NEEDS_RESET, "device asks for a reset") \
	C(stat, STAT_FATAL, "a fatal error is latched") \
	C(stat, STAT_GEN_SHIFT, "generation from this bit on, 8 bits")

#define ESV_GROUP_fatal(C) \
	C(fatal, FATAL_CONFIG, "ENABLE with bad ring registers; arg0: offset of the first bad one") \
	C(fatal, FATAL_ADMIN_SHADOW, "admin shadow out of reach, or tail too far") \
	C(fatal, FATAL_ADMIN_CQ, "admin completion can't be written; arg0: its position") \
	C(fatal, FATAL_EVENT, "event ring or its shadow out of reach; arg0: its position")

#define ESV_GROUP_mode(C) \
	C(mode, MODE_STRICT, "what matches nothing is dropped") \
	C(mode, MODE_TEST, "secrets can be read from outside") \
	C(mode, MODE_HOST_KEYS, "keys of the host are accepted") \
	C(mode, MODE_SYNC, "work is done inside the doorbell write")

#define ESV_GROUP_doorbell(C) \
	C(doorbell, DB_BASE, "first doorbell page") \
	C(doorbell, DB_ADMIN, "admin queue") \
	C(doorbell, DB_EVENT, "event queue") \
	C(doorbell, DB_QUEUE_BASE, "TX of queue pair 0") \
	C(doorbell, DB_QUEUE_STRIDE, "bytes between doorbells; TX and RX alternate") \
	C(doorbell, MAX_QUEUES, "most queue pairs") \
	C(doorbell, MAX_VECTORS, "most MSI-X vectors")

#define ESV_GROUP_cap_flags(C) \
	C(cap_flags, CAP_F_MUST, "a driver that does not know the block refuses the device")

#define ESV_GROUP_offload(C) \
	C(offload, OFF_TX_CSUM, "L4 checksum is completed") \
	C(offload, OFF_TSO4, "TCP over IPv4 is segmented") \
	C(offload, OFF_TSO6, "TCP over IPv6 is segmented") \
	C(offload, OFF_RX_CSUM, "L3 and L4 checksums are verified") \
	C(offload, OFF_RSS, "frames are spread by hash") \
	C(offload, OFF_VLAN_PARSE, "headers are found behind VLAN tags")

#define ESV_GROUP_ipsec(C) \
	C(ipsec, IPSEC_PACKET, "packet mode") \
	C(ipsec, IPSEC_TRANSPORT, "transport mode") \
	C(ipsec, IPSEC_TUNNEL, "tunnel mode") \
	C(ipsec, IPSEC_ESN, "64-bit sequence numbers") \
	C(ipsec, IPSEC_TSO, "segmentation before ESP") \
	C(ipsec, IPSEC_HOST_KEYS, "keys of the host are accepted") \
	C(ipsec, IPSEC_CRYPTO, "reserved: crypto mode") \
	C(ipsec, IPSEC_ENCAP, "reserved: ESP in UDP")

#define ESV_GROUP_txd(C) \
	C(txd, TXD_SOP, "first descriptor of a frame") \
	C(txd, TXD_EOP, "last descriptor of a frame") \
	C(txd, TXD_CSUM, "complete the L4 checksum") \
	C(txd, TXD_TSO, "segment by mss") \
	C(txd, TXD_TAG, "sa_handle is valid") \
	C(txd, TXD_VLAN, "reserved: insert vlan_tci") \
	C(txd, TXD_EXT, "reserved: an extension follows") \
	C(txd, TXD_KNOWN, "flags that may be set")

#define ESV_GROUP_qerr(C) \
	C(qerr, QERR_NR_DESC, "nr_desc is zero or too large") \
	C(qerr, QERR_SOP, "SOP missing, or in the middle of a frame") \
	C(qerr, QERR_EOP, "EOP missing, or before nr_desc descriptors") \
	C(qerr, QERR_FLAGS, "reserved flag, or an offload that is off") \
	C(qerr, QERR_RESERVED, "reserved field is not zero") \
	C(qerr, QERR_CSUM, "checksum position outside the frame") \
	C(qerr, QERR_TSO, "mss or hdr_len out of range") \
	C(qerr, QERR_DMA, "descriptor, buffer or completion out of reach") \
	C(qerr, QERR_LENGTH, "length of descriptor or frame out of range") \
	C(qerr, QERR_TAIL, "tail is further from head than the ring is long") \
	C(qerr, QERR_SHADOW, "shadow out of reach")

#define ESV_GROUP_rxc(C) \
	C(rxc, RXC_PHASE, "flips with every pass over the ring, first pass 1") \
	C(rxc, RXC_MORE, "frame goes on in the next completion") \
	C(rxc, RXC_MCAST, "group address")

#define ESV_GROUP_rxcsum(C) \
	C(rxcsum, RXC_CSUM_L3, "IPv4 header checksum verified") \
	C(rxcsum, RXC_CSUM_L4, "TCP or UDP checksum verified")

#define ESV_GROUP_rx_crypto(C) \
	C(rx_crypto, RX_CRYPTO_NONE, "frame came in clear") \
	C(rx_crypto, RX_CRYPTO_OK, "decrypted, verified and authorised")

#define ESV_GROUP_hash(C) \
	C(hash, HASH_NONE, "no hash") \
	C(hash, HASH_L3, "addresses") \
	C(hash, HASH_L4, "addresses and ports")

#define ESV_GROUP_admin(C) \
	C(admin, ADMIN_BUF, "largest payload, bytes") \
	C(admin, ADMIN_INLINE, "bytes of inline arguments") \
	C(admin, CQE_PHASE, "flips with every pass over the ring, first pass 1") \
	C(admin, ERR_OFF_NONE, "no byte is to blame") \
	C(admin, ERR_OFF_SQE, "or'ed: byte of the request itself")

#define ESV_GROUP_eqe(C) \
	C(eqe, EQE_PHASE, "flips with every pass over the ring, first pass 1") \
	C(eqe, EQE_LOST, "events were lost before this one")

#define ESV_GROUP_feat(C) \
	C(feat, FEAT_OFFLOADS, "stateless offloads, ESV_OFF_*") \
	C(feat, FEAT_IPSEC, "SA and policy commands") \
	C(feat, FEAT_UNIT, "trusted unit")

#define ESV_GROUP_queue_type(C) \
	C(queue_type, QUEUE_TX, "transmit") \
	C(queue_type, QUEUE_RX, "receive")

#define ESV_GROUP_nic(C) \
	C(nic, RSS_KEY_LEN, "bytes of the Toeplitz key") \
	C(nic, RSS_TABLE_LEN, "entries of the indirection table") \
	C(nic, FILTER_PROMISC, "take every frame") \
	C(nic, FILTER_ALLMULTI, "take every group address") \
	C(nic, FILTER_MAX, "addresses in the filter") \
	C(nic, PORT_UP, "port is up")

#define ESV_GROUP_algo(C) \
	C(algo, ALGO_AES_GCM_16_128, "AES-128-GCM, 16-byte ICV (RFC 4106)") \
	C(algo, ALGO_AES_GCM_16_256, "AES-256-GCM, 16-byte ICV (RFC 4106)")

#define ESV_GROUP_sa_mode(C) \
	C(sa_mode, SA_MODE_ANY, "not in an SA") \
	C(sa_mode, SA_TRANSPORT, "transport") \
	C(sa_mode, SA_TUNNEL, "tunnel")

#define ESV_GROUP_dir(C) \
	C(dir, DIR_OUT, "to the wire") \
	C(dir, DIR_IN, "from the wire")

#define ESV_GROUP_action(C) \
	C(action, ACTION_ALLOW, "in clear") \
	C(action, ACTION_PROTECT, "ESP only") \
	C(action, ACTION_DROP, "not at all")

#define ESV_GROUP_custody(C) \
	C(custody, CUSTODY_UNKNOWN, "not known") \
	C(custody, CUSTODY_L1, "the host had the key") \
	C(custody, CUSTODY_L2, "the host saw it wrapped") \
	C(custody, CUSTODY_L3, "made in the unit, the host vouched for the peer") \
	C(custody, CUSTODY_L4, "made in the unit, the unit authenticated the peer")

#define ESV_GROUP_sa_flags(C) \
	C(sa_flags, SA_F_ESN, "64-bit sequence numbers") \
	C(sa_flags, SA_F_TOKEN, "key is a token of the unit") \
	C(sa_flags, SA_F_SEL, "sel is valid") \
	C(sa_flags, SA_F_NOECN, "tunnel: don't copy ECN") \
	C(sa_flags, SA_F_NOPMTUDISC, "tunnel over IPv4: clear DF") \
	C(sa_flags, SA_F_DECAP_DSCP, "tunnel, in: copy the outer DSCP inwards") \
	C(sa_flags, SA_F_NOENCAP_DSCP, "tunnel, out: outer DSCP zero") \
	C(sa_flags, SA_F_NEXTHOP, "nexthop is valid") \
	C(sa_flags, SA_F_KNOWN, "flags that may be set")

#define ESV_GROUP_sa(C) \
	C(sa, KEY_MAX, "bytes of the key field") \
	C(sa, NO_LIMIT, "no limit") \
	C(sa, WINDOW_MIN, "smallest replay window") \
	C(sa, WINDOW_MAX, "largest replay window") \
	C(sa, SA_R_CONTINUED, "result of SA_ADD: counters and window go on")

#define ESV_GROUP_sa_update(C) \
	C(sa_update, SA_U_NEXTHOP, "next hop") \
	C(sa_update, SA_U_ADDRS, "outer addresses") \
	C(sa_update, SA_U_LIMITS, "limits, lower only")

#define ESV_GROUP_sa_state(C) \
	C(sa_state, SA_ACTIVE, "in use") \
	C(sa_state, SA_SOFT, "past a soft limit") \
	C(sa_state, SA_EXPIRED, "past a hard limit, drops")

#define ESV_GROUP_vouch(C) \
	C(vouch, VOUCH_NONE, "nobody") \
	C(vouch, VOUCH_HOST, "the host") \
	C(vouch, VOUCH_UNIT, "the unit")

#define ESV_GROUP_list(C) \
	C(list, LIST_MAX, "handles in one answer") \
	C(list, PRIO_MAX, "lowest precedence")

#define ESV_GROUP_bypass(C) \
	C(bypass, BYPASS_ARP, "ARP") \
	C(bypass, BYPASS_ND, "ICMPv6 133 to 136 with hop limit 255") \
	C(bypass, BYPASS_MCAST, "MLD and IGMP") \
	C(bypass, BYPASS_DHCP, "DHCP client, v4 and v6") \
	C(bypass, BYPASS_PMTU, "in: ICMP too big that quotes ESP of a live SA") \
	C(bypass, BYPASS_IKE, "UDP 500") \
	C(bypass, BYPASS_NATT, "UDP 4500 with zero marker, or a keepalive") \
	C(bypass, BYPASS_ALL, "all classes")

#define ESV_GROUP_ke(C) \
	C(ke, KE_X25519, "RFC 8031, RFC 7748") \
	C(ke, KE_P256, "RFC 5903") \
	C(ke, KE_P384, "RFC 5903") \
	C(ke, KE_MODP2048, "RFC 3526 3") \
	C(ke, KE_MODP3072, "RFC 3526 4") \
	C(ke, KE_ML_KEM_768, "FIPS 203; a KEM")

#define ESV_GROUP_prf(C) \
	C(prf, PRF_HMAC_SHA2_256, "RFC 4868") \
	C(prf, PRF_HMAC_SHA2_384, "RFC 4868") \
	C(prf, PRF_HMAC_SHA2_512, "RFC 4868") \
	C(prf, PRF_HMAC_SHA1, "RFC 2404; test mode only")

#define ESV_GROUP_sig(C) \
	C(sig, SIG_ECDSA_P256_SHA2_256, "RFC 7427 A.3.2, on P-256") \
	C(sig, SIG_ECDSA_P384_SHA2_384, "RFC 7427 A.3.3, on P-384") \
	C(sig, SIG_ED25519, "RFC 8420") \
	C(sig, SIG_RSA_PSS_SHA2_256, "RFC 7427 A.4.3; salt as long as the hash") \
	C(sig, SIG_RSA_PSS_SHA2_384, "the same with SHA2-384") \
	C(sig, SIG_RSA_PSS_SHA2_512, "the same with SHA2-512")

#define ESV_GROUP_subject(C) \
	C(subject, SUBJECT_UNIT, "the unit and nothing else") \
	C(subject, SUBJECT_HANDLE, "and an object of the session") \
	C(subject, SUBJECT_SA, "and an SA of the function, with its key")

#define ESV_GROUP_alg(C) \
	C(alg, ALG_PRF, "prf of `param`: key, message; the tag") \
	C(alg, ALG_KE_PUBLIC, "method of `param`: private value; the public one") \
	C(alg, ALG_KE_SHARED, "method of `param`: private value, peer's value; the shared secret") \
	C(alg, ALG_KE_ENCAP, "KEM of `param`: encapsulation key, 32 bytes of entropy; ciphertext and shared secret") \
	C(alg, ALG_SIGN, "scheme of `param`: private key in PKCS#8, message; Authentication Data (UNIT-95)") \
	C(alg, ALG_VERIFY, "SubjectPublicKeyInfo, message, Authentication Data; nothing") \
	C(alg, ALG_KWP_WRAP, "KEK, plaintext; the wrapped") \
	C(alg, ALG_KWP_UNWRAP, "KEK, wrapped; the plaintext") \
	C(alg, ALG_HPKE_OPEN, "private key, info, AAD, encapsulated key with ciphertext; the plaintext")

#define ESV_GROUP_role(C) \
	C(role, ROLE_INITIATOR, "initiator") \
	C(role, ROLE_RESPONDER, "responder")

#define ESV_GROUP_handle_type(C) \
	C(handle_type, H_NONCE, "nonce") \
	C(handle_type, H_KE, "private key exchange value") \
	C(handle_type, H_SECRET, "shared secret") \
	C(handle_type, H_IKE, "keys of an IKE SA") \
	C(handle_type, H_ESP, "key of an ESP SA") \
	C(handle_type, H_PSK, "preshared key, provisioned") \
	C(handle_type, H_PPK, "post-quantum preshared key (RFC 8784), provisioned") \
	C(handle_type, H_KEK, "key that wraps others, provisioned") \
	C(handle_type, H_PRIV, "private key of this side, provisioned") \
	C(handle_type, H_PUB, "public key of a peer, provisioned") \
	C(handle_type, H_ANCHOR, "trust anchor (X.509), provisioned") \
	C(handle_type, H_CERT, "certificate (X.509), public")

#define ESV_GROUP_wrap(C) \
	C(wrap, WRAP_NONE, "in clear; a CERT, in test mode anything") \
	C(wrap, WRAP_HPKE, "RFC 9180, to the unit's provisioning key") \
	C(wrap, WRAP_KWP, "RFC 5649, under a KEK of the session") \
	C(wrap, WRAP_STORED, "a blob that this unit gave")

#define ESV_GROUP_handle_state(C) \
	C(handle_state, HS_NEW, "made") \
	C(handle_state, HS_AUTHENTICATED, "IKE: somebody vouched for the peer") \
	C(handle_state, HS_INSTALLED, "ESP: an SA uses it") \
	C(handle_state, HS_SUSPENDED, "ESP: its SA is gone, its token can be installed again") \
	C(handle_state, HS_DEACTIVATED, "ESP: it protects no more packets")

#define ESV_GROUP_unit(C) \
	C(unit, NONCE_MIN, "shortest nonce") \
	C(unit, NONCE_MAX, "longest nonce") \
	C(unit, KE_VALUE_MAX, "longest public value") \
	C(unit, ID_MAX, "longest identity") \
	C(unit, SECRETS_MAX, "shared secrets of one derivation") \
	C(unit, IKE_TEXT_MAX, "bytes of text in one IKE message") \
	C(unit, SECRET_VERSION, "version of struct esv_secret_hdr") \
	C(unit, SECRET_MAX, "bytes of a provisioned secret") \
	C(unit, CERTS_MAX, "certificates of a chain, without the anchor") \
	C(unit, HPKE_ENC_LEN, "bytes of an encapsulated key") \
	C(unit, PROVISION_F_STORE, "give a blob to be stored") \
	C(unit, AUTH_F_NO_PPK, "with the keys from before PPK_APPLY") \
	C(unit, AUTH_METHOD_PSK, "shared key message integrity code") \
	C(unit, AUTH_METHOD_SIGNATURE, "digital signature") \
	C(unit, ATTEST_NONCE_LEN, "bytes of the verifier's nonce") \
	C(unit, ALG_PARTS, "parts that an algorithm may take") \
	C(unit, MEASUREMENT_LEN, "bytes of a firmware measurement") \
	C(unit, STATEMENT_VERSION, "version of struct esv_statement") \
	C(unit, CHILD_F_FIRST, "use the nonces of the IKE SA") \
	C(unit, CHILD_F_DETACH, "tokens outlive the session") \
	C(unit, TOKEN_LEN, "bytes of a token") \
	C(unit, TOKEN_INSTALL_MS, "default life of an unused token") \
	C(unit, TOKEN_MAGIC_LEN, "bytes of the token's magic") \
	C(unit, SELFTEST_OK, "self-tests passed") \
	C(unit, SELFTEST_FAILED, "a self-test failed, the unit is locked")

#define ESV_GROUP_zeroize(C) \
	C(zeroize, ZEROIZE_SESSION, "this session") \
	C(zeroize, ZEROIZE_FUNCTION, "this function") \
	C(zeroize, ZEROIZE_UNIT, "the whole unit")

#endif
