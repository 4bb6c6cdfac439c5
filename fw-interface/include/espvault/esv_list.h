/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * espvault firmware interface: the lists that give every status, opcode,
 * event, reset reason, counter and capability its number, name and text.
 *
 * Numbers are never reused and never change; a list only grows at its end.
 * esvgen turns the lists into the tables of the specification.
 */
#ifndef ESPVAULT_ESV_LIST_H
#define ESPVAULT_ESV_LIST_H

/* X(NAME, number, errno name for a host, retryable, text). Clause ADM-20. */
#define ESV_STATUS_LIST(X) \
	X(OK,                  0, 0,             0, "success") \
	X(BUSY,                1, EBUSY,         1, "device is busy, try again after the hint") \
	X(UNSUPPORTED_OP,      2, EOPNOTSUPP,    0, "command is not known to this device") \
	X(UNSUPPORTED_VERSION, 3, EPROTONOSUPPORT, 0, "command version is not known to this device") \
	X(UNSUPPORTED_VALUE,   4, EPROTONOSUPPORT, 0, "value is reserved for a later interface version") \
	X(BAD_LENGTH,          5, EMSGSIZE,      0, "payload length does not fit the command") \
	X(BAD_FIELD,           6, EINVAL,        0, "a field has a value out of range") \
	X(RESERVED_NONZERO,    7, E2BIG,         0, "a reserved field is not zero") \
	X(BAD_STATE,           8, EBUSY,         0, "object is not in a state that allows the command") \
	X(BAD_HANDLE,          9, EBADF,         0, "no such object, or not yours") \
	X(EXISTS,             10, EEXIST,        0, "an object with this identity exists") \
	X(NOT_FOUND,          11, ENOENT,        0, "no object matches") \
	X(NO_RESOURCE,        12, ENOSPC,        0, "table is full") \
	X(LIMIT,              13, EDQUOT,        0, "quota of this owner is used up") \
	X(DENIED,             14, EACCES,        0, "the trusted unit's rules forbid it") \
	X(KEY_REJECTED,       15, EKEYREJECTED,  0, "token is unknown, used, stale or bound to something else") \
	X(KEY_WEAK,           16, EKEYREJECTED,  0, "key material is empty, all zero or too weak") \
	X(DMA_ERROR,          17, EFAULT,        0, "device could not reach the host's buffer") \
	X(ABORTED,            18, ECANCELED,     0, "command was aborted") \
	X(SELFTEST_FAILED,    19, EIO,           0, "trusted unit failed its self-test and is locked") \
	X(BAD_PUBLIC_VALUE,   20, EBADMSG,       0, "peer's public value is not acceptable") \
	X(INTERNAL,           21, EIO,           0, "internal device error") \
	X(OVERLAP,            22, ENOTUNIQ,      0, "entry overlaps another whose priority contradicts its age") \
	X(NO_RANDOM,          23, EIO,           0, "random source gave nothing") \
	X(AUTH_FAILED,        24, EBADMSG,       0, "what was received is not authentic")

/* X(NAME, number, since minor, payload in, payload out, text). Clauses ADM-40 ff. */
#define ESV_OPCODE_LIST(X) \
	X(NOP,            0x0001, 0, none,            none,            "echo the inline bytes") \
	X(IDENTIFY,       0x0002, 0, none,            esv_identify,    "describe device and limits") \
	X(FEATURES_SET,   0x0003, 0, none,            none,            "confirm the features that the driver uses") \
	X(ABORT,          0x0004, 0, none,            none,            "abort the command with the given tag") \
	X(QUEUE_CREATE,   0x0010, 0, esv_queue_params, none,           "create a transmit or receive queue") \
	X(QUEUE_DESTROY,  0x0011, 0, none,            none,            "stop and remove a queue") \
	X(RSS_SET,        0x0012, 0, esv_rss_params,  none,            "set hash key and indirection table") \
	X(RX_FILTER_SET,  0x0013, 0, esv_filter_params, none,          "set the receive address filter") \
	X(PORT_SET,       0x0014, 0, esv_port_params, none,            "set MTU, address and administrative state") \
	X(COUNTERS_READ,  0x0015, 0, none,            esv_counters,    "read all counters of the function") \
	X(SA_ADD,         0x0020, 0, esv_sa_params,   none,            "install a security association") \
	X(SA_DELETE,      0x0021, 0, none,            none,            "remove a security association") \
	X(SA_UPDATE,      0x0022, 0, esv_sa_update,   none,            "change next hop, addresses or limits of an SA") \
	X(SA_QUERY,       0x0023, 0, esv_sa_key,      esv_sa_info,     "read state and counters of an SA, by handle or key") \
	X(SA_LIST,        0x0024, 0, none,            esv_sa_list,     "list handles from a cursor") \
	X(POLICY_ADD,     0x0030, 0, esv_policy_params, none,          "add an SPD entry") \
	X(POLICY_DELETE,  0x0031, 0, none,            none,            "remove an SPD entry") \
	X(POLICY_QUERY,   0x0032, 0, none,            esv_policy_info, "read an SPD entry and its counters") \
	X(POLICY_LIST,    0x0033, 0, none,            esv_policy_list, "list SPD entry ids from a cursor") \
	X(POLICY_FREEZE,  0x0034, 0, none,            none,            "turn a protect entry into drop (link down)") \
	X(SPD_LOCK,       0x0035, 0, none,            none,            "lock strict mode until power on") \
	X(BYPASS_SET,     0x0036, 0, none,            none,            "switch static bypass classes off") \
	X(UNIT_STATUS,    0x0040, 0, none,            esv_unit_status, "status and capabilities of the trusted unit") \
	X(SESSION_OPEN,   0x0041, 0, none,            none,            "open a session of the trusted unit") \
	X(SESSION_CLOSE,  0x0042, 0, none,            none,            "close a session, zeroise its handles") \
	X(NONCE_GEN,      0x0043, 0, esv_nonce_gen,   esv_nonce_out,   "make a nonce") \
	X(KE_GEN,         0x0044, 0, esv_ke_gen,      esv_ke_out,      "make a key exchange value") \
	X(KE_FINISH,      0x0045, 0, esv_ke_finish,   esv_handle_out,  "agree on a shared secret") \
	X(IKE_DERIVE,     0x0046, 0, esv_ike_derive,  esv_handle_out,  "derive the keys of an IKE SA") \
	X(AUTH_ASSERT,    0x0047, 0, esv_auth_assert, none,            "host vouches for the peer's identity") \
	X(CHILD_DERIVE,   0x0048, 0, esv_child_derive, esv_child_out,  "derive a pair of ESP keys, as tokens") \
	X(DESTROY,        0x0049, 0, esv_handle_in,   none,            "destroy one handle") \
	X(ZEROIZE,        0x004a, 0, none,            none,            "zeroise a session, a function or the unit") \
	X(HANDLE_QUERY,   0x004b, 0, esv_handle_in,   esv_handle_info, "type and state of a handle") \
	X(KE_ENCAP,       0x0050, 1, esv_ke_encap,    esv_ke_out,      "answer a KEM's encapsulation key") \
	X(IKE_UPDATE,     0x0051, 1, esv_ike_update,  none,            "add a key exchange to an IKE SA") \
	X(IKE_REKEY,      0x0052, 1, esv_ike_rekey,   esv_handle_out,  "derive the keys of an IKE SA from an older one") \
	X(PPK_APPLY,      0x0053, 1, esv_ppk_apply,   none,            "mix a post-quantum preshared key into an IKE SA") \
	X(IKE_SEAL,       0x0054, 1, esv_ike_seal,    esv_ike_sealed,  "encrypt an IKE message") \
	X(IKE_OPEN,       0x0055, 1, esv_ike_open,    none,            "decrypt an IKE message") \
	X(INTAUTH,        0x0056, 1, esv_intauth,     none,            "chain an IKE_INTERMEDIATE message into AUTH") \
	X(AUTH_SIGN,      0x0057, 1, esv_auth_sign,   esv_auth_data,   "make own AUTH data") \
	X(AUTH_VERIFY,    0x0058, 1, esv_auth_verify, none,            "verify the peer's AUTH data") \
	X(PROVISION,      0x0059, 1, esv_provision,   esv_provisioned, "import a wrapped secret") \
	X(ATTEST,         0x005a, 1, esv_attest,      esv_attested,    "make a signed statement") \
	X(ALG_TEST,       0x005b, 1, esv_alg_test,    esv_alg_tested,  "test mode: run an algorithm on the caller's bytes") \
	X(LOOKASIDE,      0x0060, 1, none,            none,            "reserved: look-aside ESP on a host buffer") \
	X(SELFTEST,       0x0070, 0, none,            none,            "run one of the device's self-tests")

/* X(NAME, number, text). Clause EVT-10. */
#define ESV_EVENT_LIST(X) \
	X(LINK,          1, "link state changed; arg0 is 1 for up") \
	X(SA_SOFT,       2, "SA passed a soft limit; arg0 packets, arg1 bytes") \
	X(SA_HARD,       3, "SA reached a hard limit and drops; arg0 packets, arg1 bytes") \
	X(SA_SEQ,        4, "SA ran out of sequence numbers and drops") \
	X(SA_LOST,       5, "reserved: device lost the SA; not posted in version 1 (SA-40)") \
	X(AUTH_FAIL,     6, "integrity check failed; arg0 is the count so far (rate limited)") \
	X(REPLAY,        7, "replayed or too old; arg0 is the count so far (rate limited)") \
	X(UNKNOWN_SPI,   8, "ESP for an unknown SPI; arg0 SPI (rate limited)") \
	X(QUEUE_ERROR,   9, "bad descriptor; object is the queue, arg0 index, arg1 reason") \
	X(ADMIN_ERROR,  10, "malformed admin request that has no tag to answer; arg0 index") \
	X(NEEDS_RESET,  11, "device asks for a reset; arg0 reason") \
	X(EPOCH,        12, "trusted unit's epoch changed; arg0 new epoch") \
	X(NEXTHOP,      13, "tunnel SA has no next hop and drops")

/* X(NAME, number, text). Written by whoever resets; clause RST-10. */
#define ESV_RESET_LIST(X) \
	X(POWER_ON,      0, "power on") \
	X(DRIVER_LOAD,   1, "driver took the device over") \
	X(DRIVER_UNLOAD, 2, "driver is leaving") \
	X(FLR,           3, "function level reset") \
	X(ADMIN_TIMEOUT, 4, "an admin command was not answered in time") \
	X(HEARTBEAT,     5, "heartbeat stood still") \
	X(TX_TIMEOUT,    6, "transmit watchdog") \
	X(FATAL,         7, "device reported a fatal error") \
	X(STATE_LOAD,    8, "device state was loaded; the unit was zeroised") \
	X(USER,          9, "asked for by an administrator") \
	X(BUS,          10, "bus or platform reset")

/*
 * X(NAME, number, text). 64-bit, free running since device reset, one set per
 * function. TX_DROP_* and RX_DROP_* are exclusive: a dropped frame counts once.
 * Clause CNT-10.
 */
#define ESV_COUNTER_LIST(X) \
	X(TX_FRAMES,            0, "frames handed to the wire") \
	X(TX_BYTES,             1, "bytes handed to the wire") \
	X(TX_TSO,               2, "frames that were segmented") \
	X(TX_ESP,               3, "frames encrypted and handed to the wire") \
	X(TX_ALLOW,             4, "frames sent in clear by an allow entry") \
	X(TX_OPEN,              5, "frames sent in clear because nothing matched in open mode") \
	X(TX_BYPASS,            6, "frames sent in clear by a static bypass class") \
	X(TX_DROP_DESC,         7, "bad descriptor") \
	X(TX_DROP_DMA,          8, "buffer could not be read") \
	X(TX_DROP_PARSE,        9, "headers could not be parsed") \
	X(TX_DROP_NOMATCH,     10, "nothing matched in strict mode") \
	X(TX_DROP_POLICY,      11, "a drop entry matched") \
	X(TX_DROP_NOTAG,       12, "protect entry matched but the frame names no SA") \
	X(TX_DROP_TAG_ALLOW,   13, "frame names an SA but the entry says allow") \
	X(TX_DROP_TAG_NOMATCH, 14, "frame names an SA but no entry matches") \
	X(TX_DROP_TAG_STALE,   15, "frame names an SA that is gone") \
	X(TX_DROP_TAG_FIT,     16, "frame names an SA that does not fit the protect entry") \
	X(TX_DROP_HOST_ESP,    17, "host-made ESP") \
	X(TX_DROP_NATT,        18, "ESP in UDP made by the host") \
	X(TX_DROP_FRAGMENT,    19, "fragment that a protect or drop entry could match") \
	X(TX_DROP_ETHERTYPE,   20, "ethertype not allowed in strict mode") \
	X(TX_DROP_MTU,         21, "frame would exceed the MTU") \
	X(TX_DROP_NEXTHOP,     22, "tunnel SA has no next hop") \
	X(TX_DROP_LIFETIME,    23, "SA is past a hard limit") \
	X(TX_DROP_SEQ,         24, "SA is out of sequence numbers") \
	X(TX_DROP_CRYPTO,      25, "cipher failed") \
	X(TX_DROP_DOWN,        26, "port is down") \
	X(TX_DROP_TSO,         27, "frame can't be segmented as asked") \
	X(RX_FRAMES,           28, "frames given to the host") \
	X(RX_BYTES,            29, "bytes given to the host") \
	X(RX_ESP,              30, "frames decrypted and given to the host") \
	X(RX_ALLOW,            31, "clear frames given to the host by an allow entry") \
	X(RX_OPEN,             32, "clear frames given to the host because nothing matched in open mode") \
	X(RX_BYPASS,           33, "clear frames given to the host by a static bypass class") \
	X(RX_DROP_NOBUF,       34, "no receive buffer") \
	X(RX_DROP_FILTER,      35, "address filter") \
	X(RX_DROP_LENGTH,      36, "frame too short or too long") \
	X(RX_DROP_PARSE,       37, "headers could not be parsed") \
	X(RX_DROP_NOMATCH,     38, "clear frame that nothing allows in strict mode") \
	X(RX_DROP_POLICY,      39, "a drop entry matched") \
	X(RX_DROP_CLEAR,       40, "clear frame that a protect entry selects") \
	X(RX_DROP_SPI,         41, "ESP for an unknown SPI") \
	X(RX_DROP_AUTH,        42, "integrity check failed") \
	X(RX_DROP_REPLAY,      43, "replayed or too old") \
	X(RX_DROP_TRAILER,     44, "ESP trailer is malformed") \
	X(RX_DROP_NOAUTHZ,     45, "decrypted, but no IN entry names the SA's reqid") \
	X(RX_DROP_MODE,        46, "decrypted, but mode or endpoints differ from the IN entry") \
	X(RX_DROP_SELECTOR,    47, "decrypted, but outside the SA's selector") \
	X(RX_DROP_LIFETIME,    48, "SA is past a hard limit") \
	X(RX_DROP_FRAGMENT,    49, "fragment of ESP, or one that a protect or drop entry could match") \
	X(RX_DROP_NATT,        50, "ESP in UDP with unknown SPI") \
	X(RX_DROP_NOTMINE,     51, "ESP not addressed to the port's own address") \
	X(RX_DROP_DMA,         52, "buffer could not be written") \
	X(RX_DROP_DOWN,        53, "port is down") \
	X(RX_DROP_ETHERTYPE,   54, "ethertype not allowed in strict mode") \
	X(EVENT_LOST,          55, "events lost to a full event queue") \
	X(ADMIN_CMDS,          56, "admin commands executed") \
	X(ADMIN_ERRORS,        57, "admin commands refused") \
	X(SA_INSTALLED,        58, "security associations installed so far") \
	X(SA_REFUSED,          59, "security associations refused so far") \
	X(TOKENS_MADE,         60, "tokens made so far") \
	X(TOKENS_REJECTED,     61, "tokens rejected so far")

/* X(NAME, number, must-understand, struct, text). Clause CAP-10. */
#define ESV_CAP_LIST(X) \
	X(LIMITS,   1, 1, esv_cap_limits,  "sizes and counts") \
	X(OFFLOAD,  2, 0, esv_cap_offload, "stateless offloads") \
	X(IPSEC,    3, 0, esv_cap_ipsec,   "SA and policy offload") \
	X(UNIT,     4, 0, esv_cap_unit,    "trusted unit") \
	X(TEST,     5, 0, esv_cap_test,    "test modes that are switched on")

#endif
