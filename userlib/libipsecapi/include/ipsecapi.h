/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libipsecapi - how is the traffic of my socket protected, by what, and on what evidence?
 *
 * Any process may use it, without privilege, on its own connected sockets. The answers come
 * from the broker ipsecapid(8); the library itself holds no key, no SPI and no netlink socket.
 *
 * Conventions that hold for every call:
 *  - Calls return 0 (or a count) on success and a negative errno value on failure. The reason
 *    behind a refusal is a separate number: ipsecapi_last_reason() and ipsecapi_strreason().
 *  - Every structure crosses with its size, as the caller was compiled. The library fills what
 *    both sides know and zeroes the rest; 0 always means "unknown" or "nothing said".
 *  - All integers are fixed width. Enumerations only ever grow at the end; a program must treat
 *    a value that it does not know as 0.
 *  - A context and its flows belong to one thread at a time; contexts are independent of each
 *    other. There are no hidden threads, no signals and no global state.
 *  - After fork() the child cannot use its parent's contexts: every call but ipsecapi_close()
 *    and ipsecapi_flow_close() returns -ECHILD, and the child opens its own.
 *  - An answer about a flow without a latch is an observation ("latch: observed"). It tells what
 *    the system does now and is not by itself a basis for access control: nothing stops the
 *    system's policy from changing afterwards. ipsecapi_require() is what does.
 *
 *  - A call that asks the broker waits for two seconds at most in all, whether it must come back
 *    to the broker first or not, and whatever number of attempts that takes.
 *
 * Errors common to all calls: -EINVAL an argument that can never be right, -ECHILD used after
 * fork(), -ENOLINK no broker answers, -EPROTO the broker broke the protocol, -ENOMEM.
 */
#ifndef IPSECAPI_H
#define IPSECAPI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define IPSECAPI_VERSION_MAJOR	0
#define IPSECAPI_VERSION_MINOR	1
/** Where the broker listens unless ipsecapi_open() is told otherwise. */
#define IPSECAPI_DEFAULT_PATH	"/run/ipsecapi/broker.sock"

/** A session with the broker. Opaque. */
struct ipsecapi;
/** One observed socket. Opaque; keeps no duplicate of the socket. */
struct ipsecapi_flow;
/** What a program asks for. Opaque; belongs to no context. */
struct ipsecapi_req;
struct sockaddr;

/** What happens to the traffic of one direction. */
enum ipsecapi_protection {
	IPSECAPI_PROTECTION_UNKNOWN = 0,	/**< no truthful answer; see the reason */
	IPSECAPI_PROTECTION_NONE = 1,		/**< plain, or plain is accepted */
	IPSECAPI_PROTECTION_INTEGRITY = 2,	/**< authenticated, not encrypted */
	IPSECAPI_PROTECTION_ENCRYPTED = 3,	/**< encrypted and authenticated */
	IPSECAPI_PROTECTION_ENCRYPTED_ONLY = 4,	/**< encrypted, not authenticated: weak */
	IPSECAPI_PROTECTION_BLOCKED = 5,	/**< nothing passes: blocked, or an SA is missing */
	IPSECAPI_PROTECTION_NEGOTIATING = 6,	/**< nothing passes yet: an SA is being made */
};

/** Who enforces it. `HW_*` is said only on evidence; doubt is UNKNOWN or MIXED. */
enum ipsecapi_enforced {
	IPSECAPI_ENFORCED_UNKNOWN = 0,
	IPSECAPI_ENFORCED_NONE = 1,	/**< nobody: there is nothing to enforce */
	IPSECAPI_ENFORCED_SOFTWARE = 2,	/**< the kernel's own cipher */
	IPSECAPI_ENFORCED_HW_CRYPTO = 3, /**< the device does the cipher, the kernel the rest, and
					  * the device's count shows that it did */
	IPSECAPI_ENFORCED_HW_PACKET = 4, /**< the device does all of ESP and holds the policy */
	IPSECAPI_ENFORCED_MIXED = 5,	/**< more than one of them may act; see the reason */
};

/** What the answer rests on. A set of bits; 0: nothing. */
enum ipsecapi_basis {
	IPSECAPI_BASIS_KERNEL = 1,	/**< read back from the kernel's policy and SA tables */
	IPSECAPI_BASIS_DEVICE_COUNTERS = 2, /**< packets counted by the device, not the kernel */
	IPSECAPI_BASIS_UNIT = 4,	/**< the trusted unit was asked and agrees */
	IPSECAPI_BASIS_ATTESTATION = 8,	/**< signed by the unit and verified (reserved) */
	IPSECAPI_BASIS_LATCH = 16,	/**< held by a latch in the kernel */
};

/** Who could know the key. Defined for espvault units; every other inline NIC is L1. */
enum ipsecapi_custody {
	IPSECAPI_CUSTODY_UNKNOWN = 0,
	IPSECAPI_CUSTODY_L0 = 1,	/**< host keys, software cipher */
	IPSECAPI_CUSTODY_L1 = 2,	/**< host keys, given to an inline device */
	IPSECAPI_CUSTODY_L2 = 3,	/**< key wrapped to the unit; the host saw ciphertext only */
	IPSECAPI_CUSTODY_L3 = 4,	/**< derived inside the unit; the host vouched for the peer */
	IPSECAPI_CUSTODY_L4 = 5,	/**< L3, and the unit itself authenticated the peer */
	IPSECAPI_CUSTODY_NO_KEY = 6,	/**< there is no key, because there is no protection */
};

/** Strength of the algorithms in use, as a lower bound. See ipsecapi_class(). */
enum ipsecapi_strength {
	IPSECAPI_STRENGTH_UNKNOWN = 0,
	IPSECAPI_STRENGTH_NONE = 1,
	IPSECAPI_STRENGTH_WEAK = 2,
	IPSECAPI_STRENGTH_STANDARD = 3,
	IPSECAPI_STRENGTH_STRONG = 4,
};

/** How far the protection reaches. */
enum ipsecapi_reach {
	IPSECAPI_REACH_UNKNOWN = 0,
	IPSECAPI_REACH_NONE = 1,
	IPSECAPI_REACH_END_TO_END = 2,	/**< from this address to the peer's address */
	IPSECAPI_REACH_GATEWAY = 3,	/**< a tunnel that ends somewhere else */
};

/** State of the latch of a socket, after RFC 5660. A latch belongs to the socket, not to the flow. */
enum ipsecapi_latch {
	IPSECAPI_LATCH_UNKNOWN = 0,
	IPSECAPI_LATCH_OBSERVED = 1,	/**< there is none */
	IPSECAPI_LATCH_LISTENER = 2,	/**< a listener: what its connections carry is limited */
	IPSECAPI_LATCH_ESTABLISHED = 3,	/**< the kernel lets nothing pass but what was granted */
	IPSECAPI_LATCH_BROKEN = 4,	/**< what was granted holds no longer; nothing passes */
	IPSECAPI_LATCH_CLOSED = 5,	/**< the socket that the flow was opened on is gone */
	IPSECAPI_LATCH_NEGOTIATING = 6,	/**< there is no SA yet; nothing passes (RFC 5660: LARVAL) */
};

/** What the name of the peer would name, and how sure it is. */
enum ipsecapi_identity_scope {
	IPSECAPI_IDENTITY_UNKNOWN = 0,
	IPSECAPI_IDENTITY_NOT_AVAILABLE = 1, /**< no provider tells; see the reason */
	IPSECAPI_IDENTITY_HOST = 2,
	IPSECAPI_IDENTITY_USER = 3,
};

enum ipsecapi_assurance {
	IPSECAPI_ASSURANCE_UNKNOWN = 0,
	IPSECAPI_ASSURANCE_NONE = 1,
	IPSECAPI_ASSURANCE_ADDRESS = 2,	/**< guessed from addresses (reserved) */
	IPSECAPI_ASSURANCE_PROVIDER = 3, /**< told by the IKE daemon (reserved) */
	IPSECAPI_ASSURANCE_UNIT = 4,	/**< stated by the trusted unit (reserved) */
};

/** Facts that qualify one direction. A set of bits. */
enum ipsecapi_caveat {
	IPSECAPI_CAVEAT_NAT = 1,	/**< ESP travels in UDP: an address is rewritten on the way */
	IPSECAPI_CAVEAT_REKEY = 2,	/**< more than one SA fits at the moment */
	IPSECAPI_CAVEAT_NO_REPLAY = 4,	/**< inbound SA without replay protection */
	IPSECAPI_CAVEAT_SOCKET_POLICY = 8, /**< socket policies exist that only IKE daemons' sockets
					    * explain */
	IPSECAPI_CAVEAT_OPTIONAL = 16,	/**< the policy lets traffic pass in clear without an SA */
	IPSECAPI_CAVEAT_SINGLE_PORT = 32, /**< true as long as the port stays the only interface up
					   * in this network namespace besides loopback */
	IPSECAPI_CAVEAT_NO_TRAFFIC = 64, /**< the SA has carried no packet yet */
};

enum ipsecapi_direction_index {
	IPSECAPI_OUT = 0,
	IPSECAPI_IN = 1,
};

/** Why something is as it is, or why a call was refused. See ipsecapi_strreason(). */
enum ipsecapi_reason {
	IPSECAPI_REASON_UNKNOWN = 0,
	IPSECAPI_REASON_NONE = 1,
	/* policy */
	IPSECAPI_REASON_NO_POLICY = 2,
	IPSECAPI_REASON_BYPASS_POLICY = 3,
	IPSECAPI_REASON_LOCAL_POLICY_BLOCK = 4,
	IPSECAPI_REASON_DEFAULT_BLOCK = 5,
	IPSECAPI_REASON_OPTIONAL_NO_SA = 6,
	IPSECAPI_REASON_LOOPBACK = 7,
	IPSECAPI_REASON_INTERFACE_NO_POLICY = 8,
	IPSECAPI_REASON_AMBIGUOUS_POLICY = 9,
	IPSECAPI_REASON_SOCKET_POLICY = 10,
	IPSECAPI_REASON_SECURITY_LABEL = 11,
	IPSECAPI_REASON_UNSUPPORTED_POLICY = 12,
	/* security associations */
	IPSECAPI_REASON_NO_SA = 13,
	IPSECAPI_REASON_ACQUIRING = 14,
	IPSECAPI_REASON_SA_EXPIRED = 15,
	IPSECAPI_REASON_UNKNOWN_ALGORITHM = 16,
	IPSECAPI_REASON_NESTED = 17,
	/* device */
	IPSECAPI_REASON_PER_PACKET_FALLBACK = 18,
	IPSECAPI_REASON_OFFLOAD_INACTIVE = 19,
	IPSECAPI_REASON_CLEARTEXT_OTHER_INTERFACES = 20,
	IPSECAPI_REASON_POLICY_IN_SOFTWARE = 21,
	IPSECAPI_REASON_HOST_KEY_PRESENT = 22,
	IPSECAPI_REASON_SEVERAL_SAS = 23,
	IPSECAPI_REASON_LINK_DOWN = 24,
	IPSECAPI_REASON_ROUTE_ELSEWHERE = 25,
	IPSECAPI_REASON_NO_ROUTE = 26,
	IPSECAPI_REASON_UNIT_SILENT = 27,
	IPSECAPI_REASON_UNIT_DISAGREES = 28,
	IPSECAPI_REASON_NO_SUCH_DEVICE = 29,
	/* broker */
	IPSECAPI_REASON_BROKER_LOST = 30,
	IPSECAPI_REASON_EVIDENCE_STALE = 31,
	IPSECAPI_REASON_NOT_YET = 32,
	IPSECAPI_REASON_PAGE_BUSY = 33,
	IPSECAPI_REASON_BROKER_BUSY = 34,
	IPSECAPI_REASON_NO_PROVIDER = 35,
	IPSECAPI_REASON_VERSION = 36,
	IPSECAPI_REASON_MALFORMED = 37,
	IPSECAPI_REASON_UNKNOWN_REQUEST = 38,
	IPSECAPI_REASON_UNKNOWN_ATTRIBUTE = 39,
	IPSECAPI_REASON_NO_HELLO = 40,
	/* socket */
	IPSECAPI_REASON_NOT_A_SOCKET = 41,
	IPSECAPI_REASON_NOT_INET = 42,
	IPSECAPI_REASON_SOCKET_TYPE = 43,
	IPSECAPI_REASON_PING_SOCKET = 44,
	IPSECAPI_REASON_MPTCP = 45,
	IPSECAPI_REASON_SCTP = 46,
	IPSECAPI_REASON_RAW_SOCKET = 47,
	IPSECAPI_REASON_NOT_CONNECTED = 48,
	IPSECAPI_REASON_FOREIGN_NAMESPACE = 49,
	IPSECAPI_REASON_NOT_PERMITTED = 50,
	IPSECAPI_REASON_OVERFLOW_UID = 51,
	IPSECAPI_REASON_NO_DESCRIPTOR = 52,
	IPSECAPI_REASON_TOO_MANY_DESCRIPTORS = 53,
	IPSECAPI_REASON_SOCKET_CHANGED = 54,
	IPSECAPI_REASON_SOCKET_CLOSED = 55,
	IPSECAPI_REASON_MULTICAST = 56,
	IPSECAPI_REASON_KERNEL_TOO_OLD = 57,
	/* limits and handles */
	IPSECAPI_REASON_SESSION_LIMIT = 58,
	IPSECAPI_REASON_FLOW_LIMIT_SESSION = 59,
	IPSECAPI_REASON_FLOW_LIMIT_USER = 60,
	IPSECAPI_REASON_NO_SUCH_FLOW = 61,
	IPSECAPI_REASON_NO_SUCH_ENTRY = 62,
	IPSECAPI_REASON_SIZE = 63,
	IPSECAPI_REASON_CREDENTIALS = 64,
	IPSECAPI_REASON_BROKER_LIMIT = 65,
	/* continued; numbers are never reused */
	IPSECAPI_REASON_OPTIONAL_PROTECTION = 66,
	IPSECAPI_REASON_UNSUPPORTED_TRANSFORM = 67,
	IPSECAPI_REASON_VIRTUAL_INTERFACE = 68,
	IPSECAPI_REASON_DEVICE_UNCONFIRMED = 69,
	/* what ipsecapi_require() and ipsecapi_relax() are refused for */
	IPSECAPI_REASON_NO_SUCH_CLASS = 70,
	IPSECAPI_REASON_NOTHING_LEFT = 71,
	IPSECAPI_REASON_SYSTEM_POLICY = 72,
	IPSECAPI_REASON_ASKS_LESS = 73,
	IPSECAPI_REASON_DUAL_STACK = 74,
	IPSECAPI_REASON_NO_ADDRESS = 75,
	IPSECAPI_REASON_OTHER_ADDRESS = 76,
	IPSECAPI_REASON_NOT_BOUND = 77,
	IPSECAPI_REASON_NO_REQID = 78,
	IPSECAPI_REASON_TRANSFORMS = 79,
	IPSECAPI_REASON_WAY_CHANGED = 80,
	IPSECAPI_REASON_DATAGRAM = 81,
	IPSECAPI_REASON_LISTENING = 82,
	IPSECAPI_REASON_OUTSIDE_CLASS = 83,
	IPSECAPI_REASON_OTHER_LATCH = 84,
	IPSECAPI_REASON_PRIOR_DATA = 85,
	IPSECAPI_REASON_LATCH_LIMIT_USER = 86,
	IPSECAPI_REASON_LATCH_LIMIT = 87,
	IPSECAPI_REASON_NO_LATCHES = 88,
	IPSECAPI_REASON_NOT_LATCHED = 89,
	IPSECAPI_REASON_NOT_YOUR_LATCH = 90,
	/* what breaks a latch */
	IPSECAPI_REASON_POLICY_CHANGED = 91,
	IPSECAPI_REASON_LATCH_REMOVED = 92,
	IPSECAPI_REASON_CONNECTED = 93,
	/* what ipsecapi_confine() is refused for */
	IPSECAPI_REASON_NOT_A_CGROUP = 94,
	IPSECAPI_REASON_NOT_YOUR_CGROUP = 95,
	IPSECAPI_REASON_CGROUP_GONE = 96,
	IPSECAPI_REASON_CGROUP_UNREACHABLE = 97,
	IPSECAPI_REASON_CGROUP_NAMESPACE = 98,
	IPSECAPI_REASON_CGROUP_LIMIT_USER = 99,
	IPSECAPI_REASON_CGROUP_LIMIT = 100,
	IPSECAPI_REASON_NO_CONFINEMENT = 101,
	IPSECAPI_REASON_PACKET_SOCKET = 102,
	/* what the IKE daemon does for a latch that waits */
	IPSECAPI_REASON_IKE_ABSENT = 103,
	IPSECAPI_REASON_IKE_SILENT = 104,
	IPSECAPI_REASON_IKE_NO_CONNECTION = 105,
	IPSECAPI_REASON_IKE_NOT_CALLABLE = 106,
	IPSECAPI_REASON_IKE_LIMIT = 107,
	IPSECAPI_REASON_IKE_STARTED = 108,
	IPSECAPI_REASON_IKE_REFUSED = 109,
	IPSECAPI_REASON_IKE_UNDER_WAY = 110,
	IPSECAPI_REASON_IKE_INSTALLED = 111,
	/* of a system policy that was read again */
	IPSECAPI_REASON_POLICY_REFUSED = 112,
	IPSECAPI_REASON_POLICY_NOT_HELD = 113,
	IPSECAPI_REASON_POLICY_OVERTAKEN = 114,
};

/** Where a reason arises. */
enum ipsecapi_layer {
	IPSECAPI_LAYER_UNKNOWN = 0,
	IPSECAPI_LAYER_POLICY = 1,
	IPSECAPI_LAYER_SA = 2,
	IPSECAPI_LAYER_DEVICE = 3,
	IPSECAPI_LAYER_BROKER = 4,
	IPSECAPI_LAYER_SOCKET = 5,
	IPSECAPI_LAYER_IKE = 6,
	IPSECAPI_LAYER_LATCH = 7,
};

/** Whose part of the system policy decides, see ipsecapi-policy(5). */
enum ipsecapi_policy_layer {
	IPSECAPI_POLICY_LAYER_UNKNOWN = 0,
	IPSECAPI_POLICY_LAYER_APPLICATION = 1,	/**< a rule for applications */
	IPSECAPI_POLICY_LAYER_INTERFACE = 2,	/**< a rule for the interface */
	IPSECAPI_POLICY_LAYER_REQUEST = 3,	/**< what the program itself asked for */
};

/** Does what is so now satisfy the rules of the system policy that are named? */
enum ipsecapi_standing {
	IPSECAPI_STANDING_UNKNOWN = 0,
	IPSECAPI_STANDING_NO_RULE = 1,	/**< no rule selects the flow */
	IPSECAPI_STANDING_SATISFIED = 2, /**< whatever passes, every rule accepts it */
	IPSECAPI_STANDING_WOULD_REFUSE = 3, /**< an enforcing rule would refuse it */
	IPSECAPI_STANDING_UNCLEAR = 4,	/**< it can't be told; an enforcing rule would refuse that, too */
};

/** What rules of the system policy do. */
enum ipsecapi_policy_mode {
	IPSECAPI_POLICY_MODE_UNKNOWN = 0,
	IPSECAPI_POLICY_MODE_REPORT = 1,
	IPSECAPI_POLICY_MODE_ENFORCE = 2, /**< what they don't accept does not pass, whoever sends it */
	IPSECAPI_POLICY_MODE_MIXED = 3,	/**< some rule enforces, but not each that is named, or not both ways */
};

enum ipsecapi_origin {
	IPSECAPI_ORIGIN_UNKNOWN = 0,
	IPSECAPI_ORIGIN_LOCAL = 1,
	IPSECAPI_ORIGIN_PEER = 2,
};

/** The answer for one direction. */
struct ipsecapi_direction {
	uint32_t protection;	/**< enum ipsecapi_protection */
	uint32_t enforced_by;	/**< enum ipsecapi_enforced */
	uint32_t basis;		/**< bits of enum ipsecapi_basis */
	uint32_t reason;	/**< enum ipsecapi_reason: why not simply all well */
	uint32_t custody;	/**< enum ipsecapi_custody */
	uint32_t strength;	/**< enum ipsecapi_strength */
	uint32_t reach;		/**< enum ipsecapi_reach */
	uint32_t caveats;	/**< bits of enum ipsecapi_caveat */
	uint32_t ifindex;	/**< device that enforces; 0 with software or none */
	uint32_t replay_window;	/**< inbound: packets; outbound: 0 */
	uint64_t packets;	/**< carried by the SA so far, when the evidence was read */
	uint64_t bytes;		/**< the same in bytes */
	uint32_t policy;	/**< enum ipsecapi_standing, of flows; else 0 */
	uint32_t policy_layer;	/**< enum ipsecapi_policy_layer: whose rule would not accept it, or 0 */
	uint32_t policy_mode;	/**< enum ipsecapi_policy_mode in this direction, of flows; else 0 */
	uint32_t reserved;
	uint64_t spare[6];	/**< 0; this structure is the element of arrays and cannot grow */
};

/** The socket that an answer is about. Ports and addresses in network byte order. */
struct ipsecapi_tuple {
	uint16_t family;	/**< AF_INET or AF_INET6; v4-mapped addresses count as AF_INET */
	uint8_t protocol;	/**< IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE */
	uint8_t reserved;
	uint16_t local_port;
	uint16_t peer_port;
	uint8_t local[16];	/**< AF_INET uses the first four */
	uint8_t peer[16];
	uint64_t cookie;	/**< the kernel's SO_COOKIE of the socket */
	uint64_t spare[2];	/**< 0; this structure lies inside others and cannot grow */
};

/** Full report, see ipsecapi_report(). */
struct ipsecapi_report {
	struct ipsecapi_direction dir[2]; /**< [IPSECAPI_OUT], [IPSECAPI_IN] */
	struct ipsecapi_tuple tuple;
	uint64_t read_at;	/**< CLOCK_BOOTTIME ns when the evidence was read */
	uint64_t age;		/**< ns between that and the answer's arrival */
	uint64_t lease;		/**< ns that the answer may be relied on without a new one */
	uint32_t latch;		/**< enum ipsecapi_latch */
	uint32_t identity_scope; /**< enum ipsecapi_identity_scope */
	uint32_t assurance;	/**< enum ipsecapi_assurance */
	uint32_t identity_reason; /**< enum ipsecapi_reason when no identity is given */
	uint32_t generation;	/**< counts changes of the answer for this flow */
	uint32_t reserved;
	uint32_t policy_mode;	/**< enum ipsecapi_policy_mode of the rules below */
	uint32_t ifindex;	/**< interface by which packets leave; 0: no route */
	char application_rule[32]; /**< of the system policy, that applies; ends in NUL; empty: none */
	char interface_rule[32]; /**< the same of the other layer */
	char latch_class[16];	/**< that the latch was asked for; ends in NUL; empty: no latch */
	uint32_t latch_reason;	/**< enum ipsecapi_reason: why it is negotiating or broken */
	uint32_t disposition;	/**< enum ipsecapi_disposition of the latch */
	uint32_t prior_data;	/**< 1: the connection had carried data before it was latched */
	uint32_t reserved1;
};

/** Short status, see ipsecapi_status(). */
struct ipsecapi_status {
	struct ipsecapi_direction dir[2];
	struct ipsecapi_tuple tuple;
	uint64_t read_at;	/**< CLOCK_BOOTTIME ns when the evidence was read */
	uint64_t age;		/**< ns since then */
	uint64_t lease;		/**< ns until the status would become unknown: broker-lost */
	uint32_t latch;		/**< enum ipsecapi_latch */
	uint32_t generation;
};

/** What the broker can do, see ipsecapi_caps(). */
struct ipsecapi_caps {
	uint32_t protocol;	/**< protocol version in use */
	uint32_t evidence;	/**< bits of enum ipsecapi_basis that exist on this host */
	uint32_t interfaces;	/**< how many ipsecapi_interface() describes */
	uint32_t classes;	/**< how many ipsecapi_class() describes */
	uint32_t units;		/**< trusted units present */
	uint32_t identity_provider; /**< 1 when an IKE daemon tells identities */
	uint32_t latching;	/**< 1 when ipsecapi_require() can be granted here */
	uint32_t max_flows_session;
	uint32_t max_flows_user;
	uint32_t max_sessions_user;
	uint64_t lease;		/**< ns that a status stays valid when the broker dies */
	uint32_t marks;		/**< bits of the marks of packets and sockets that are the broker's; 0: it does not say */
	uint32_t reserved;	/**< 0 */
};

/** Offload kinds of an interface, bits. */
enum ipsecapi_offload {
	IPSECAPI_OFFLOAD_CRYPTO_SEEN = 1, /**< an SA with crypto offload is installed now */
	IPSECAPI_OFFLOAD_PACKET_SEEN = 2, /**< an SA with packet offload is installed now */
	IPSECAPI_OFFLOAD_ESP = 4,	/**< feature esp-hw-offload is active */
	IPSECAPI_OFFLOAD_ESP_TX_CSUM = 8, /**< feature esp-tx-csum-hw-offload is active */
	IPSECAPI_OFFLOAD_GSO_ESP = 16,	/**< feature tx-esp-segmentation is active */
	IPSECAPI_OFFLOAD_PACKET = 32,	/**< packet offload, by the unit's own statement */
	IPSECAPI_OFFLOAD_CRYPTO = 64,	/**< crypto offload, by the unit's own statement */
};

/** Algorithms that a unit declares, bits. */
enum ipsecapi_suite {
	IPSECAPI_SUITE_AES128_GCM16 = 1,
	IPSECAPI_SUITE_AES256_GCM16 = 2,
	IPSECAPI_SUITE_CHACHA20_POLY1305 = 4,
};

/** One network interface, see ipsecapi_interface(). */
struct ipsecapi_interface {
	uint32_t ifindex;
	uint32_t up;		/**< 1: administratively up */
	uint32_t offload;	/**< bits of enum ipsecapi_offload */
	uint32_t suites;	/**< bits of enum ipsecapi_suite; 0: the device does not say */
	uint32_t unit_present;	/**< 1: a trusted unit answers for this interface */
	uint32_t best_custody;	/**< best enum ipsecapi_custody that it can give */
	uint32_t max_sas;	/**< 0: the device does not say */
	uint32_t max_policies;	/**< 0: the device does not say */
	uint32_t max_replay_window; /**< packets; 0: the device does not say */
	uint32_t test_mode;	/**< 1: the unit is in test mode and may import plain keys */
	char name[16];		/**< interface name, ends in NUL */
	char driver[32];	/**< kernel driver, ends in NUL; empty if it has no name */
};

/** One class of protection, see ipsecapi_class(). */
struct ipsecapi_class {
	uint32_t strength;	/**< enum ipsecapi_strength that all its suites have; NONE: clear too */
	uint32_t version;	/**< of the definition */
	char name[16];		/**< "weak", "standard", "strong", or the administrator's */
	char description[232];	/**< the suites, in words, after RFC 8221 */
};

/** What the broker sees on this host, see ipsecapi_host(). */
struct ipsecapi_host {
	uint64_t read_at;	/**< CLOCK_BOOTTIME ns when the evidence was read */
	uint64_t age;		/**< ns */
	uint32_t generation;	/**< changes when the tables below changed */
	uint32_t policies_out;
	uint32_t policies_in;
	uint32_t policies_forward;
	uint32_t policies_socket; /**< belonging to single sockets */
	uint32_t policies_packet; /**< of all: held by a device in packet mode */
	uint32_t default_out;	/**< 1: traffic without a policy is blocked */
	uint32_t default_in;
	uint32_t default_forward;
	uint32_t sas;
	uint32_t sas_acquiring;	/**< of all: being negotiated */
	uint32_t sas_software;
	uint32_t sas_crypto;	/**< with crypto offload */
	uint32_t sas_packet;	/**< with packet offload */
	uint32_t sas_custody[8]; /**< by enum ipsecapi_custody */
	uint32_t flows;		/**< flows that the caller has open, in all its sessions */
	uint32_t rules_visible;	/**< how many ipsecapi_rule() gives this caller */
	uint32_t policy_generation; /**< counts changes of the system policy since the broker started */
	uint32_t policy_rules;	/**< of the system policy, that the caller may see */
	uint32_t policy_classes;
	uint32_t policy_mistakes; /**< of a newer policy that was refused since; the older is in force */
	uint32_t policies_marked; /**< that look at bits of ipsecapi_caps.marks */
	uint32_t sas_marked;	/**< that look at such bits, or set them */
};

/** A piece of the system policy's text, see ipsecapi_policy_text(). */
struct ipsecapi_policy_text {
	uint32_t generation;	/**< equals ipsecapi_host.policy_generation of the same policy */
	uint32_t length;	/**< bytes of text */
	char text[480];		/**< without NUL */
};

/** One policy of the system, see ipsecapi_rule(). */
struct ipsecapi_rule {
	uint32_t generation;	/**< equals ipsecapi_host.generation of the same table */
	uint32_t direction;	/**< IPSECAPI_OUT, IPSECAPI_IN, or 2: forward */
	uint32_t priority;	/**< smaller wins */
	uint32_t action;	/**< 0 unknown, 1 protect, 2 bypass, 3 block */
	uint16_t family;
	uint8_t protocol;	/**< 0: any */
	uint8_t source_prefix;
	uint8_t destination_prefix;
	uint8_t reserved[3];
	uint16_t source_port;	/**< network byte order, with its mask */
	uint16_t source_port_mask;
	uint16_t destination_port;
	uint16_t destination_port_mask;
	uint8_t source[16];
	uint8_t destination[16];
	uint32_t ifindex;	/**< device of a packet-offloaded policy, else 0 */
	uint32_t sas;		/**< SAs that fit the policy now */
	struct ipsecapi_direction state; /**< of those SAs together */
};

/** Why a flow is or was not simply protected, see ipsecapi_why(). */
struct ipsecapi_why {
	uint32_t direction;	/**< IPSECAPI_OUT or IPSECAPI_IN */
	uint32_t reason;	/**< enum ipsecapi_reason */
	uint32_t layer;		/**< enum ipsecapi_layer */
	uint32_t origin;	/**< enum ipsecapi_origin */
	uint32_t current;	/**< 1: holds now; 0: past */
	uint32_t count;		/**< how often it began */
	uint64_t first;		/**< CLOCK_BOOTTIME ns */
	uint64_t last;		/**< CLOCK_BOOTTIME ns when it was last seen */
};

enum ipsecapi_event_type {
	IPSECAPI_EVENT_UNKNOWN = 0,
	IPSECAPI_EVENT_CHANGED = 1,	/**< the answer for `flow` changed */
	IPSECAPI_EVENT_CLOSED = 2,	/**< the socket of `flow` is gone or was reconnected */
	IPSECAPI_EVENT_RESYNC = 3,	/**< events were lost: ask for every flow again */
	IPSECAPI_EVENT_BROKER_LOST = 4,
	IPSECAPI_EVENT_BROKER_BACK = 5,	/**< reconnected; all flows were opened again */
	IPSECAPI_EVENT_READY = 6,	/**< there are SAs that a negotiating latch waits for */
	IPSECAPI_EVENT_BROKEN = 7,	/**< the latch broke, for the event's reason */
	IPSECAPI_EVENT_RESTORED = 8,	/**< it holds again, and traffic passes */
};

/** One event, see ipsecapi_next_event(). */
struct ipsecapi_event {
	uint32_t type;			/**< enum ipsecapi_event_type */
	uint32_t reason;		/**< enum ipsecapi_reason */
	struct ipsecapi_flow *flow;	/**< NULL when it concerns no single flow */
};

/**
 * Open a session with the broker.
 * @path: of the broker's socket; NULL for IPSECAPI_DEFAULT_PATH. Not kept.
 * @flags: must be 0.
 * @ctx: receives the context; release it with ipsecapi_close().
 *
 * Returns 0, -ENOLINK when no broker listens, -EPROTONOSUPPORT when no protocol version is
 * common, -EDQUOT when the user has too many sessions, -EUSERS when the broker has, -EACCES
 * when the caller's user has no mapping where the broker runs, -ENAMETOOLONG.
 */
int ipsecapi_open(const char *path, uint32_t flags, struct ipsecapi **ctx);

/** Close a context and all its flows. NULL is allowed. Allowed in a forked child. */
void ipsecapi_close(struct ipsecapi *ctx);

/**
 * One descriptor to poll for reading, constant for the life of the context. Readable means:
 * call ipsecapi_next_event() until it returns 0. Owned by the context; do not read or close it.
 */
int ipsecapi_get_fd(const struct ipsecapi *ctx);

/**
 * Milliseconds until ipsecapi_next_event() should be called even though the descriptor is not
 * readable (as for poll()); -1: no such need; 0: an event is waiting already, or an attempt to
 * come back is due.
 */
int ipsecapi_get_timeout(const struct ipsecapi *ctx);

/**
 * Take the next event. Never blocks.
 * @ev, @size: filled; size is sizeof(*ev).
 *
 * Returns 1 with an event, 0 without. A lost broker is not an error here: it is the event
 * BROKER_LOST, once. From then on these calls bring the session back step by step, at most a few
 * attempts per second, until the event BROKER_BACK; none of them waits for the broker.
 */
int ipsecapi_next_event(struct ipsecapi *ctx, struct ipsecapi_event *ev, size_t size);

/** What broker and host can do. Returns 0. */
int ipsecapi_caps(struct ipsecapi *ctx, struct ipsecapi_caps *caps, size_t size);

/**
 * Describe class of protection number @index (from 0): the shipped ones, weakest first, then
 * those of the administrator.
 * Returns 0, -ENOENT past the end.
 */
int ipsecapi_class(struct ipsecapi *ctx, uint32_t index, struct ipsecapi_class *cls, size_t size);

/**
 * Describe network interface number @index (from 0, in order of ifindex).
 * Returns 0, -ENOENT past the end.
 */
int ipsecapi_interface(struct ipsecapi *ctx, uint32_t index, struct ipsecapi_interface *ifc,
		       size_t size);

/** Figures of the host's policies and SAs; anyone may ask. Returns 0. */
int ipsecapi_host(struct ipsecapi *ctx, struct ipsecapi_host *host, size_t size);

/**
 * Policy number @index (from 0, in the order in which they were installed), with its state.
 * Returns 0, -ENOENT past the end, -EACCES when the caller is not root. If the generation
 * differs from that of the first entry, the table changed: begin again.
 */
int ipsecapi_rule(struct ipsecapi *ctx, uint32_t index, struct ipsecapi_rule *rule, size_t size);

/**
 * Piece number @index (from 0) of the system policy in force, as ipsecapi-policy(5) would have
 * it: all classes, and the rules that select the caller; to root all rules.
 * Returns 0, -ENOENT past the end. If the generation differs from that of the first piece, the
 * policy changed: begin again.
 */
int ipsecapi_policy_text(struct ipsecapi *ctx, uint32_t index, struct ipsecapi_policy_text *piece,
			 size_t size);

/**
 * Begin to observe a socket.
 * @fd: connected TCP, UDP or UDP-Lite socket over IPv4 or IPv6 that belongs to the caller's
 *      user, or a TCP socket that listens or is yet to be connected. It is shown to the broker once; neither side keeps a duplicate. The library
 *      remembers the number to find the socket again after a restart of the broker.
 * @flow: receives the handle; release it with ipsecapi_flow_close().
 *
 * Returns 0, -EBADF, -ENOTSOCK, -EAFNOSUPPORT not an internet socket, -EPROTONOSUPPORT a kind
 * of socket that cannot be followed (the reason says which), -ENOTCONN, -EREMOTE the socket is
 * of another network namespace, -EACCES not the caller's socket, -EDQUOT too many flows.
 */
int ipsecapi_flow_open(struct ipsecapi *ctx, int fd, struct ipsecapi_flow **flow);

/** Stop observing. Protection does not change by it. NULL is allowed. */
void ipsecapi_flow_close(struct ipsecapi_flow *flow);

/**
 * Read the flow's status from the page shared with the broker, without a system call.
 * @st, @size: filled; size is sizeof(*st).
 *
 * Returns 0 with @st filled. When the broker is gone longer than the lease, both directions
 * are unknown with reason broker-lost. If the socket was reconnected to another peer, the
 * tuple still names the old one until the broker notices: use ipsecapi_report() to be sure.
 */
int ipsecapi_status(const struct ipsecapi_flow *flow, struct ipsecapi_status *st, size_t size);

/**
 * Full report. The broker reads its evidence again before it answers.
 * @rep, @size: filled; size is sizeof(*rep).
 *
 * Returns 0, -ESTALE when the socket was closed or connected elsewhere, or sends by another
 * way (device, mark, type of service), since ipsecapi_flow_open() (open a new flow), -ENOLINK without a broker. May block for up to
 * two seconds; never waits for a negotiation.
 */
int ipsecapi_report(struct ipsecapi_flow *flow, struct ipsecapi_report *rep, size_t size);

/** What happens to a connection whose latch breaks. */
enum ipsecapi_disposition {
	IPSECAPI_DISPOSITION_UNKNOWN = 0,
	IPSECAPI_DISPOSITION_RESET = 1,	/**< it is aborted (ECONNABORTED); the default */
	IPSECAPI_DISPOSITION_WAIT = 2,	/**< it stalls until the latch is restored or it times out */
	IPSECAPI_DISPOSITION_NOTIFY = 3, /**< as WAIT, and what is sent is answered as unreachable */
};

/** By whom packets must be protected. */
enum ipsecapi_hardware {
	IPSECAPI_HARDWARE_ANY = 0,
	IPSECAPI_HARDWARE_PREFER = 1,	/**< grants what ANY does; the report tells what came of it */
	IPSECAPI_HARDWARE_REQUIRE = 2,	/**< a device must, on evidence */
};

/** Keys of ipsecapi_req_set(). */
enum ipsecapi_req_key {
	IPSECAPI_REQ_PROTECTION = 1,	/**< PROTECTION_INTEGRITY (default) or _ENCRYPTED: at least that */
	IPSECAPI_REQ_HARDWARE = 2,	/**< enum ipsecapi_hardware */
	IPSECAPI_REQ_DISPOSITION = 3,	/**< enum ipsecapi_disposition */
	IPSECAPI_REQ_CUSTODY = 4,	/**< at least this enum ipsecapi_custody, L0 to L4 */
	IPSECAPI_REQ_REPLAY = 5,	/**< 1: replay protection, whatever the class says */
	IPSECAPI_REQ_STRICT = 6,	/**< 1: refuse a connection that has carried data already */
	IPSECAPI_REQ_LISTEN = 8,	/**< 1: the socket is bound and will listen */
	IPSECAPI_REQ_LESS = 7,		/**< 1: also where it is less than an enforcing rule of the system */
};

/**
 * Make a request for a class of protection, see ipsecapi_class().
 * @class_name: at most 15 bytes. Copied. The broker says whether it exists.
 * @req: receives the request; release it with ipsecapi_req_free(). It may be used for any number
 *       of flows, by one thread at a time.
 *
 * Returns 0, -EINVAL for a name that no class can have, -ENOMEM.
 */
int ipsecapi_req_new(const char *class_name, struct ipsecapi_req **req);

/** Narrow the request, see enum ipsecapi_req_key. Returns 0, -EINVAL, -E2BIG for an unknown key. */
int ipsecapi_req_set(struct ipsecapi_req *req, uint32_t key, uint64_t value);

/**
 * Say where the socket will be connected to, for sockets that are not yet.
 * @addr, @length: of a struct sockaddr_in or sockaddr_in6, with port; copied. NULL: nowhere.
 * Returns 0, -EINVAL, -EAFNOSUPPORT.
 */
int ipsecapi_req_address(struct ipsecapi_req *req, const struct sockaddr *addr, uint32_t length);

/** NULL is allowed. What was granted stays. */
void ipsecapi_req_free(struct ipsecapi_req *req);

/**
 * Require protection for the socket of a flow: from the return on, and for as long as the socket
 * exists, the kernel sends and delivers nothing but what the request accepts (RFC 5660, connection
 * latching). It outlives the flow, the process and the broker, and survives rekeying and times
 * without an SA. Asking again can only narrow it; only ipsecapi_relax() gives way.
 * @req: not kept.
 *
 * A TCP socket that is not connected needs ipsecapi_req_address(). One that listens, or with
 * IPSECAPI_REQ_LISTEN will, takes connections only by SAs of the class; see ipsecapi_accept(). One that is connected keeps
 * what it received before: the report says so in prior_data. A UDP socket must be connected; it sends
 * to its peer alone from then on.
 *
 * Returns 0 when the latch is established; -EINPROGRESS when there is no SA yet: then nothing
 * passes, connect() and send() fail, and ipsecapi_wait() finishes it. Refused, with nothing
 * changed: -EACCES by the system's policy, -EPERM it asks less and the caller's user may not,
 * -ENOKEY no policy of this host protects the way there, -ENOENT no such class, -EOPNOTSUPP it
 * can't be enforced (the reason says why), -EAFNOSUPPORT the socket speaks both IPv4 and IPv6,
 * -EDESTADDRREQ, -EISCONN connected elsewhere than the request says, -EINVAL the socket must be
 * bound first, -EEXIST strict and it has carried data, -EDQUOT, -EUSERS, -EAGAIN the evidence
 * could not be read, -ESTALE.
 */
int ipsecapi_require(struct ipsecapi_flow *flow, const struct ipsecapi_req *req);

/**
 * Accept a connection of a listener that was latched by ipsecapi_require(), and latch it.
 * @listener: flow of the listening socket.
 * @addr, @length: as of accept(); may be NULL.
 * @flags: SOCK_NONBLOCK, SOCK_CLOEXEC.
 * @flow: receives a flow for the connection, or NULL: it is latched all the same.
 *
 * A connection that a program takes by accept() alone is limited to the SAs that the listener's
 * class accepts; this call holds it to the reqid of its own. Data that came before is in
 * prior_data: it came by such an SA where the listener was latched before listen().
 *
 * Returns the connection's descriptor, or what accept() and ipsecapi_require() return; one that
 * can't be latched is closed. -ENOKEY: its SAs are gone. -ENOENT: the listener has no latch.
 */
int ipsecapi_accept(struct ipsecapi_flow *listener, struct sockaddr *addr, uint32_t *length,
		    int flags, struct ipsecapi_flow **flow);

/**
 * Wait until what was required of the flow is established.
 * @timeout: milliseconds, or -1 for as long as it takes.
 *
 * Returns as ipsecapi_require() does; -EINPROGRESS when the time was over first. -EINVAL when
 * nothing was required of this flow handle. Events of other flows stay for
 * ipsecapi_next_event(). Starts no negotiation: ipsecapi_require() did, where the system policy lets.
 */
int ipsecapi_wait(struct ipsecapi_flow *flow, int timeout);

/**
 * Give up what was required of the socket: the one call that weakens. Rules of the system that
 * enforce stay in force.
 *
 * Returns 0, -EPERM when another user than the caller's was granted it, -ENOENT when there is no
 * latch, -EAGAIN, -ESTALE.
 */
int ipsecapi_relax(struct ipsecapi_flow *flow);

/** What is asked of ipsecapi_confine() besides. A set of bits. */
enum ipsecapi_confine {
	IPSECAPI_CONFINE_BLOCK_LOOPBACK = 1,	/**< nothing passes over loopback either */
};

/**
 * Let nothing pass in clear that sockets send or receive which are made, from now on or before, by
 * processes in a cgroup (version 2) or below it. @cgroup is a descriptor of its directory, which
 * must belong to the caller's user. What the system's policy does not protect fails with EPERM.
 * Nothing takes this back; it ends when the cgroup is removed. ipsecapi(1) `run` does all of it.
 *
 * Returns 0; -ENOTDIR no directory of a cgroup, or the topmost; -EACCES it is another user's, or the
 * broker may not look there; -ENOENT it was removed; -EREMOTE it is seen from another cgroup
 * namespace; -EDQUOT or -EUSERS too many are confined; -EOPNOTSUPP the host can't confine any;
 * -E2BIG unknown bits of @flags; -EAGAIN the broker is busy: ask again.
 */
int ipsecapi_confine(struct ipsecapi *ctx, int cgroup, uint32_t flags);

/**
 * Reason number @index (from 0, newest first) why the flow is or was not simply protected.
 * The broker keeps the last eight per flow and direction, and eight of what the IKE daemon does
 * for a latch that waits; those have direction IPSECAPI_OUT and layer IPSECAPI_LAYER_IKE.
 * Returns 0, -ENOENT past the end, -ESTALE.
 */
int ipsecapi_why(struct ipsecapi_flow *flow, uint32_t index, struct ipsecapi_why *why,
		 size_t size);

/** One English sentence for a reason, static, never NULL. */
const char *ipsecapi_strreason(uint32_t reason);

/** The kinds of enumeration that ipsecapi_word() knows. */
enum ipsecapi_words {
	IPSECAPI_WORDS_PROTECTION = 1,
	IPSECAPI_WORDS_ENFORCED = 2,
	IPSECAPI_WORDS_BASIS = 3,	/**< one bit at a time */
	IPSECAPI_WORDS_CUSTODY = 4,
	IPSECAPI_WORDS_STRENGTH = 5,
	IPSECAPI_WORDS_REACH = 6,
	IPSECAPI_WORDS_LATCH = 7,
	IPSECAPI_WORDS_IDENTITY = 8,
	IPSECAPI_WORDS_ASSURANCE = 9,
	IPSECAPI_WORDS_CAVEAT = 10,	/**< one bit at a time */
	IPSECAPI_WORDS_REASON = 11,
	IPSECAPI_WORDS_LAYER = 12,
	IPSECAPI_WORDS_ORIGIN = 13,
	IPSECAPI_WORDS_EVENT = 14,
	IPSECAPI_WORDS_OFFLOAD = 15,	/**< one bit at a time */
	IPSECAPI_WORDS_SUITE = 16,	/**< one bit at a time */
	IPSECAPI_WORDS_STANDING = 17,
	IPSECAPI_WORDS_POLICY_LAYER = 18,
	IPSECAPI_WORDS_POLICY_MODE = 19,
	IPSECAPI_WORDS_DISPOSITION = 20,
};

/**
 * The stable lower-case word for a value ("hw-packet", "broker-lost"), for logs and JSON.
 * Static; "unknown" for what this version of the library does not know.
 */
const char *ipsecapi_word(uint32_t kind, uint32_t value);

/**
 * Why the last call on this context failed: enum ipsecapi_reason, or REASON_NONE after a
 * success. ipsecapi_open() makes no context when it fails; its errors say all.
 */
uint32_t ipsecapi_last_reason(const struct ipsecapi *ctx);

/** Version of the library that is running, "major.minor". */
const char *ipsecapi_version(void);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
