// SPDX-License-Identifier: LGPL-2.1-or-later
/* Words for the values of the interface: stable, lower case, the same in logs and in JSON. */
#include <ipsecapi.h>

struct reason_text {
	const char *word;
	const char *sentence;
};

#define REASON(name, word, sentence) [IPSECAPI_REASON_##name] = { word, sentence }

static const struct reason_text reasons[] = {
	REASON(UNKNOWN, "unknown",
	       "the reason is not known"),
	REASON(NONE, "none",
	       "there is nothing to explain"),
	REASON(NO_POLICY, "no-policy",
	       "no IPsec policy selects this traffic"),
	REASON(BYPASS_POLICY, "bypass-policy",
	       "a policy lets this traffic pass without protection"),
	REASON(LOCAL_POLICY_BLOCK, "local-policy-block",
	       "a policy of this host blocks this traffic"),
	REASON(DEFAULT_BLOCK, "default-block",
	       "no policy selects this traffic, and this host blocks such traffic"),
	REASON(OPTIONAL_NO_SA, "optional-no-sa",
	       "the policy makes protection optional and no security association exists"),
	REASON(LOOPBACK, "loopback",
	       "the traffic stays inside this host, where IPsec is not applied"),
	REASON(INTERFACE_NO_POLICY, "interface-no-policy",
	       "IPsec is switched off on the interface of this traffic"),
	REASON(AMBIGUOUS_POLICY, "ambiguous-policy",
	       "several policies select this traffic and it cannot be told which one the kernel takes"),
	REASON(SOCKET_POLICY, "socket-policy",
	       "a policy of a single socket exists that may be this socket's own"),
	REASON(SECURITY_LABEL, "security-label",
	       "the policy selects by security label, which cannot be seen from here"),
	REASON(UNSUPPORTED_POLICY, "unsupported-policy",
	       "the policy uses a feature whose effect is not understood here"),
	REASON(NO_SA, "no-sa",
	       "a policy requires protection and no security association exists"),
	REASON(ACQUIRING, "acquiring",
	       "a security association is being negotiated"),
	REASON(SA_EXPIRED, "sa-expired",
	       "the security association has expired"),
	REASON(UNKNOWN_ALGORITHM, "unknown-algorithm",
	       "the security association uses an algorithm of unknown strength"),
	REASON(NESTED, "nested",
	       "several transforms are nested"),
	REASON(PER_PACKET_FALLBACK, "per-packet-fallback",
	       "the device does the cipher, but the kernel may do any packet itself without saying so"),
	REASON(OFFLOAD_INACTIVE, "offload-inactive",
	       "the security association names a device whose ESP offload is switched off"),
	REASON(CLEARTEXT_OTHER_INTERFACES, "cleartext-other-interfaces",
	       "cleartext from other interfaces that matches the policy is accepted by the kernel"),
	REASON(POLICY_IN_SOFTWARE, "policy-in-software",
	       "the device holds the security association but not the policy"),
	REASON(HOST_KEY_PRESENT, "host-key-present",
	       "the kernel holds the key too and would decrypt what the device passes up still encrypted"),
	REASON(SEVERAL_SAS, "several-sas",
	       "several security associations fit and they are not enforced alike"),
	REASON(LINK_DOWN, "link-down",
	       "the device is down"),
	REASON(ROUTE_ELSEWHERE, "route-elsewhere",
	       "the route leaves through another interface than the device that protects"),
	REASON(NO_ROUTE, "no-route",
	       "there is no route to the peer"),
	REASON(UNIT_SILENT, "unit-silent",
	       "the trusted unit did not answer"),
	REASON(UNIT_DISAGREES, "unit-disagrees",
	       "the trusted unit does not know the security association that the kernel shows"),
	REASON(NO_SUCH_DEVICE, "no-such-device",
	       "the device that the kernel names does not exist here"),
	REASON(BROKER_LOST, "broker-lost",
	       "the broker is gone"),
	REASON(EVIDENCE_STALE, "evidence-stale",
	       "the kernel's tables could not be read in time"),
	REASON(NOT_YET, "not-yet",
	       "the broker has not read the kernel's tables, or asked the device's unit, yet"),
	REASON(PAGE_BUSY, "page-busy",
	       "the status page could not be read consistently"),
	REASON(BROKER_BUSY, "broker-busy",
	       "the broker has too much to do"),
	REASON(NO_PROVIDER, "no-provider",
	       "no key management daemon tells identities"),
	REASON(VERSION, "version",
	       "library and broker have no protocol version in common"),
	REASON(MALFORMED, "malformed",
	       "the message is malformed"),
	REASON(UNKNOWN_REQUEST, "unknown-request",
	       "the broker does not know this request"),
	REASON(UNKNOWN_ATTRIBUTE, "unknown-attribute",
	       "the broker does not know an attribute of the request"),
	REASON(NO_HELLO, "no-hello",
	       "the session did not begin with HELLO"),
	REASON(NOT_A_SOCKET, "not-a-socket",
	       "the descriptor is not a socket"),
	REASON(NOT_INET, "not-inet",
	       "the socket is neither IPv4 nor IPv6"),
	REASON(SOCKET_TYPE, "socket-type",
	       "sockets of this type or protocol cannot be followed"),
	REASON(PING_SOCKET, "ping-socket",
	       "ping sockets cannot be followed or latched: the kernel gives them what comes in clear, whatever their policy"),
	REASON(MPTCP, "mptcp",
	       "MPTCP sockets cannot be followed: each subflow has addresses of its own"),
	REASON(SCTP, "sctp",
	       "SCTP sockets cannot be followed: an association may use several addresses"),
	REASON(RAW_SOCKET, "raw-socket",
	       "raw sockets cannot be followed: their protocol fields are made by the application"),
	REASON(NOT_CONNECTED, "not-connected",
	       "the socket is not connected"),
	REASON(FOREIGN_NAMESPACE, "foreign-namespace",
	       "the socket belongs to another network namespace, which is not visible from here"),
	REASON(NOT_PERMITTED, "not-permitted",
	       "there is no such thing that belongs to the caller"),
	REASON(OVERFLOW_UID, "overflow-uid",
	       "the caller's user has no mapping where the broker runs, so it owns nothing here"),
	REASON(NO_DESCRIPTOR, "no-descriptor",
	       "the request needs exactly one descriptor and came with none"),
	REASON(TOO_MANY_DESCRIPTORS, "too-many-descriptors",
	       "the request came with more than one descriptor, or with one that it does not take"),
	REASON(SOCKET_CHANGED, "socket-changed",
	       "the socket was connected to another peer since, or sends by another way"),
	REASON(SOCKET_CLOSED, "socket-closed",
	       "the socket is closed"),
	REASON(MULTICAST, "multicast",
	       "the peer is a multicast or broadcast address"),
	REASON(KERNEL_TOO_OLD, "kernel-too-old",
	       "the kernel does not tell the socket's network namespace"),
	REASON(SESSION_LIMIT, "session-limit",
	       "the user has too many sessions open"),
	REASON(FLOW_LIMIT_SESSION, "flow-limit-session",
	       "the session has too many flows open"),
	REASON(FLOW_LIMIT_USER, "flow-limit-user",
	       "the user has too many flows open"),
	REASON(NO_SUCH_FLOW, "no-such-flow",
	       "the flow handle is not valid"),
	REASON(NO_SUCH_ENTRY, "no-such-entry",
	       "there is no entry with this number"),
	REASON(SIZE, "size",
	       "the request carries data that this broker does not know"),
	REASON(CREDENTIALS, "credentials",
	       "the message came without the sender's credentials"),
	REASON(BROKER_LIMIT, "broker-limit",
	       "the broker has too many sessions open"),
	REASON(OPTIONAL_PROTECTION, "optional-protection",
	       "the policy accepts this traffic with and without protection"),
	REASON(UNSUPPORTED_TRANSFORM, "unsupported-transform",
	       "the policy uses a transform whose effect is not understood here"),
	REASON(VIRTUAL_INTERFACE, "virtual-interface",
	       "the route leaves through a virtual interface with IPsec policies of its own"),
	REASON(DEVICE_UNCONFIRMED, "device-unconfirmed",
	       "the kernel takes in clear what the device passes up, and no unit vouches that it drops that"),
	REASON(NO_SUCH_CLASS, "no-such-class",
	       "this host has no class of protection of that name"),
	REASON(NOTHING_LEFT, "nothing-left",
	       "nothing is left of the class after all else that was asked for"),
	REASON(SYSTEM_POLICY, "system-policy",
	       "enforcing rules of the system policy accept nothing of it"),
	REASON(ASKS_LESS, "asks-less",
	       "less than the system policy demands was asked for, which it does not let this user"),
	REASON(DUAL_STACK, "dual-stack",
	       "the socket can speak both IPv4 and IPv6, and a latch covers one: set IPV6_V6ONLY before bind(), or use an IPv4 socket"),
	REASON(NO_ADDRESS, "no-address",
	       "the socket is not connected, and the request does not say where it will be"),
	REASON(OTHER_ADDRESS, "other-address",
	       "the request names another address than the socket is connected to, or of another family"),
	REASON(NOT_BOUND, "not-bound",
	       "policies of this host depend on the local port, which the socket does not have yet: bind() it first"),
	REASON(NO_REQID, "no-reqid",
	       "the policy that protects the way there has no reqid, by which a latch could hold on to its security associations"),
	REASON(TRANSFORMS, "transforms",
	       "the way there is protected by several transforms, or by one that is not asked of each packet, which a latch cannot hold"),
	REASON(WAY_CHANGED, "way-changed",
	       "the way there is protected by a device or a tunnel now, and was not when the socket was latched: give the latch up and ask again"),
	REASON(DATAGRAM, "datagram",
	       "a socket of datagrams does not listen: connect it to its peer, which sends nothing, and ask for that"),
	REASON(LISTENING, "listening",
	       "the socket listens, so the request must name no address to connect to"),
	REASON(OUTSIDE_CLASS, "outside-class",
	       "a security association that may carry the traffic is outside what was asked for"),
	REASON(OTHER_LATCH, "other-latch",
	       "the socket is latched already, and nothing satisfies both"),
	REASON(PRIOR_DATA, "prior-data",
	       "the connection has carried data before it was latched"),
	REASON(LATCH_LIMIT_USER, "latch-limit-user",
	       "the user has too many sockets latched"),
	REASON(LATCH_LIMIT, "latch-limit",
	       "the broker has too many sockets latched"),
	REASON(NO_LATCHES, "no-latches",
	       "nothing can be latched here: the kernel has no persistent nftables tables (since 6.9), or the broker could not make its own"),
	REASON(NOT_LATCHED, "not-latched",
	       "the socket has no latch"),
	REASON(NOT_YOUR_LATCH, "not-your-latch",
	       "the latch was granted to another user, who alone may give it up"),
	REASON(POLICY_CHANGED, "policy-changed",
	       "the policy under which the latch was granted is not in force any more"),
	REASON(LATCH_REMOVED, "latch-removed",
	       "the kernel does not hold the latch any more"),
	REASON(CONNECTED, "connected",
	       "the socket is connected, and the request is for one that listens"),
	REASON(NOT_A_CGROUP, "not-a-cgroup",
	       "the descriptor is not the directory of a cgroup of version 2 below the topmost one"),
	REASON(NOT_YOUR_CGROUP, "not-your-cgroup",
	       "the cgroup belongs to another user; confine one of your own, as systemd-run --user --scope -p Delegate=yes gives it"),
	REASON(CGROUP_GONE, "cgroup-gone",
	       "the cgroup was removed"),
	REASON(CGROUP_UNREACHABLE, "cgroup-unreachable",
	       "the broker may not look into the cgroup or one above it: chmod o+x them"),
	REASON(CGROUP_NAMESPACE, "cgroup-namespace",
	       "the cgroup is seen from another cgroup namespace or mount than the broker's; run a broker there"),
	REASON(CGROUP_LIMIT_USER, "cgroup-limit-user",
	       "the user has too many cgroups confined; end some of the programs in them"),
	REASON(CGROUP_LIMIT, "cgroup-limit",
	       "the broker has too many cgroups confined; wait until programs of others have ended"),
	REASON(NO_CONFINEMENT, "no-confinement",
	       "no cgroup can be confined here: cgroup2 is not mounted, or the kernel's nftables can't tell sockets by cgroup or keep a table (since 6.9)"),
	REASON(PACKET_SOCKET, "packet-socket",
	       "packet sockets cannot be followed: what they send and get does not pass through IPsec"),
	REASON(IKE_ABSENT, "ike-absent",
	       "no IKE daemon listens for the broker: SAs come only if somebody else makes them"),
	REASON(IKE_SILENT, "ike-silent", "the IKE daemon does not answer the broker, or not as its protocol has it"),
	REASON(IKE_NO_CONNECTION, "ike-no-connection",
	       "the IKE daemon has no connection for this traffic by which it would call the peer's address"),
	REASON(IKE_NOT_CALLABLE, "ike-not-callable",
	       "the IKE daemon could negotiate, but no rule of the system policy lets programs have it call this peer"),
	REASON(IKE_LIMIT, "ike-limit",
	       "the IKE daemon could negotiate, but this user's programs, or all together, have had it called too often; it is tried again"),
	REASON(IKE_STARTED, "ike-started", "the IKE daemon was asked to negotiate"),
	REASON(IKE_REFUSED, "ike-refused", "the IKE daemon was asked to negotiate and refused; its log says why"),
	REASON(IKE_UNDER_WAY, "ike-under-way", "the IKE daemon is negotiating"),
	REASON(IKE_INSTALLED, "ike-installed",
	       "the IKE daemon has the SAs that it would negotiate, but they are not what the latch waits for"),
	REASON(POLICY_REFUSED, "policy-refused",
	       "the new policy has a mistake, as the broker's log says; the one before stays in force"),
	REASON(POLICY_NOT_HELD, "policy-not-held",
	       "the kernel does not hold the enforcing rules of the new policy; the one before stays in force"),
	REASON(POLICY_OVERTAKEN, "policy-overtaken",
	       "the policy was read once more meanwhile, and what that found takes the place of what was found for this"),
};

static const char *const protection[] = {
	[IPSECAPI_PROTECTION_UNKNOWN] = "unknown",
	[IPSECAPI_PROTECTION_NONE] = "none",
	[IPSECAPI_PROTECTION_INTEGRITY] = "integrity",
	[IPSECAPI_PROTECTION_ENCRYPTED] = "encrypted",
	[IPSECAPI_PROTECTION_ENCRYPTED_ONLY] = "encrypted-only",
	[IPSECAPI_PROTECTION_BLOCKED] = "blocked",
	[IPSECAPI_PROTECTION_NEGOTIATING] = "negotiating",
};

static const char *const enforced[] = {
	[IPSECAPI_ENFORCED_UNKNOWN] = "unknown",
	[IPSECAPI_ENFORCED_NONE] = "none",
	[IPSECAPI_ENFORCED_SOFTWARE] = "software",
	[IPSECAPI_ENFORCED_HW_CRYPTO] = "hw-crypto",
	[IPSECAPI_ENFORCED_HW_PACKET] = "hw-packet",
	[IPSECAPI_ENFORCED_MIXED] = "mixed",
};

static const char *const custody[] = {
	[IPSECAPI_CUSTODY_UNKNOWN] = "unknown",
	[IPSECAPI_CUSTODY_L0] = "L0",
	[IPSECAPI_CUSTODY_L1] = "L1",
	[IPSECAPI_CUSTODY_L2] = "L2",
	[IPSECAPI_CUSTODY_L3] = "L3",
	[IPSECAPI_CUSTODY_L4] = "L4",
	[IPSECAPI_CUSTODY_NO_KEY] = "no-key",
};

static const char *const strength[] = {
	[IPSECAPI_STRENGTH_UNKNOWN] = "unknown",
	[IPSECAPI_STRENGTH_NONE] = "none",
	[IPSECAPI_STRENGTH_WEAK] = "weak",
	[IPSECAPI_STRENGTH_STANDARD] = "standard",
	[IPSECAPI_STRENGTH_STRONG] = "strong",
};

static const char *const reach[] = {
	[IPSECAPI_REACH_UNKNOWN] = "unknown",
	[IPSECAPI_REACH_NONE] = "none",
	[IPSECAPI_REACH_END_TO_END] = "end-to-end",
	[IPSECAPI_REACH_GATEWAY] = "gateway",
};

static const char *const latch[] = {
	[IPSECAPI_LATCH_UNKNOWN] = "unknown",
	[IPSECAPI_LATCH_OBSERVED] = "observed",
	[IPSECAPI_LATCH_LISTENER] = "listener",
	[IPSECAPI_LATCH_ESTABLISHED] = "established",
	[IPSECAPI_LATCH_BROKEN] = "broken",
	[IPSECAPI_LATCH_CLOSED] = "closed",
	[IPSECAPI_LATCH_NEGOTIATING] = "negotiating",
};

static const char *const identity[] = {
	[IPSECAPI_IDENTITY_UNKNOWN] = "unknown",
	[IPSECAPI_IDENTITY_NOT_AVAILABLE] = "not-available",
	[IPSECAPI_IDENTITY_HOST] = "host",
	[IPSECAPI_IDENTITY_USER] = "user",
};

static const char *const assurance[] = {
	[IPSECAPI_ASSURANCE_UNKNOWN] = "unknown",
	[IPSECAPI_ASSURANCE_NONE] = "none",
	[IPSECAPI_ASSURANCE_ADDRESS] = "address",
	[IPSECAPI_ASSURANCE_PROVIDER] = "provider",
	[IPSECAPI_ASSURANCE_UNIT] = "unit",
};

static const char *const layer[] = {
	[IPSECAPI_LAYER_UNKNOWN] = "unknown",
	[IPSECAPI_LAYER_POLICY] = "policy",
	[IPSECAPI_LAYER_SA] = "sa",
	[IPSECAPI_LAYER_DEVICE] = "device",
	[IPSECAPI_LAYER_BROKER] = "broker",
	[IPSECAPI_LAYER_SOCKET] = "socket",
	[IPSECAPI_LAYER_IKE] = "ike",
	[IPSECAPI_LAYER_LATCH] = "latch",
};

static const char *const origin[] = {
	[IPSECAPI_ORIGIN_UNKNOWN] = "unknown",
	[IPSECAPI_ORIGIN_LOCAL] = "local",
	[IPSECAPI_ORIGIN_PEER] = "peer",
};

static const char *const standing[] = {
	[IPSECAPI_STANDING_UNKNOWN] = "unknown",
	[IPSECAPI_STANDING_NO_RULE] = "no-rule",
	[IPSECAPI_STANDING_SATISFIED] = "satisfied",
	[IPSECAPI_STANDING_WOULD_REFUSE] = "would-refuse",
	[IPSECAPI_STANDING_UNCLEAR] = "unclear",
};

static const char *const policy_layer[] = {
	[IPSECAPI_POLICY_LAYER_UNKNOWN] = "unknown",
	[IPSECAPI_POLICY_LAYER_APPLICATION] = "application",
	[IPSECAPI_POLICY_LAYER_INTERFACE] = "interface",
	[IPSECAPI_POLICY_LAYER_REQUEST] = "request",
};

static const char *const disposition[] = {
	[IPSECAPI_DISPOSITION_UNKNOWN] = "unknown",
	[IPSECAPI_DISPOSITION_RESET] = "reset",
	[IPSECAPI_DISPOSITION_WAIT] = "wait",
	[IPSECAPI_DISPOSITION_NOTIFY] = "notify",
};

static const char *const policy_mode[] = {
	[IPSECAPI_POLICY_MODE_UNKNOWN] = "unknown",
	[IPSECAPI_POLICY_MODE_REPORT] = "report",
	[IPSECAPI_POLICY_MODE_ENFORCE] = "enforce",
	[IPSECAPI_POLICY_MODE_MIXED] = "mixed",
};

static const char *const event[] = {
	[IPSECAPI_EVENT_UNKNOWN] = "unknown",
	[IPSECAPI_EVENT_CHANGED] = "changed",
	[IPSECAPI_EVENT_CLOSED] = "closed",
	[IPSECAPI_EVENT_RESYNC] = "resync",
	[IPSECAPI_EVENT_BROKER_LOST] = "broker-lost",
	[IPSECAPI_EVENT_BROKER_BACK] = "broker-back",
	[IPSECAPI_EVENT_READY] = "ready",
	[IPSECAPI_EVENT_BROKEN] = "broken",
	[IPSECAPI_EVENT_RESTORED] = "restored",
};

/* Bit sets: indexed by the number of the bit. */
static const char *const basis[] = {
	[0] = "kernel-readback",
	[1] = "device-counters",
	[2] = "unit-statement",
	[3] = "attestation",
	[4] = "latch",
};

static const char *const caveat[] = {
	[0] = "nat",
	[1] = "rekey",
	[2] = "no-replay",
	[3] = "socket-policy",
	[4] = "optional",
	[5] = "single-port",
	[6] = "no-traffic",
};

static const char *const offload[] = {
	[0] = "crypto-seen",
	[1] = "packet-seen",
	[2] = "esp",
	[3] = "esp-tx-csum",
	[4] = "gso-esp",
	[5] = "packet",
	[6] = "crypto",
};

static const char *const suite[] = {
	[0] = "aes128-gcm16",
	[1] = "aes256-gcm16",
	[2] = "chacha20-poly1305",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TABLE(kind, table, is_bits) [kind] = { table, COUNT(table), is_bits }

static const struct {
	const char *const *words;
	uint32_t count;
	uint32_t is_bits;
} tables[] = {
	TABLE(IPSECAPI_WORDS_PROTECTION, protection, 0),
	TABLE(IPSECAPI_WORDS_ENFORCED, enforced, 0),
	TABLE(IPSECAPI_WORDS_BASIS, basis, 1),
	TABLE(IPSECAPI_WORDS_CUSTODY, custody, 0),
	TABLE(IPSECAPI_WORDS_STRENGTH, strength, 0),
	TABLE(IPSECAPI_WORDS_REACH, reach, 0),
	TABLE(IPSECAPI_WORDS_LATCH, latch, 0),
	TABLE(IPSECAPI_WORDS_IDENTITY, identity, 0),
	TABLE(IPSECAPI_WORDS_ASSURANCE, assurance, 0),
	TABLE(IPSECAPI_WORDS_CAVEAT, caveat, 1),
	TABLE(IPSECAPI_WORDS_LAYER, layer, 0),
	TABLE(IPSECAPI_WORDS_ORIGIN, origin, 0),
	TABLE(IPSECAPI_WORDS_EVENT, event, 0),
	TABLE(IPSECAPI_WORDS_OFFLOAD, offload, 1),
	TABLE(IPSECAPI_WORDS_SUITE, suite, 1),
	TABLE(IPSECAPI_WORDS_STANDING, standing, 0),
	TABLE(IPSECAPI_WORDS_POLICY_LAYER, policy_layer, 0),
	TABLE(IPSECAPI_WORDS_POLICY_MODE, policy_mode, 0),
	TABLE(IPSECAPI_WORDS_DISPOSITION, disposition, 0),
};

const char *ipsecapi_strreason(uint32_t reason)
{
	if (reason >= COUNT(reasons) || !reasons[reason].sentence)
		return reasons[IPSECAPI_REASON_UNKNOWN].sentence;
	return reasons[reason].sentence;
}

static const char *reason_word(uint32_t reason)
{
	if (reason >= COUNT(reasons) || !reasons[reason].word)
		return "unknown";
	return reasons[reason].word;
}

const char *ipsecapi_word(uint32_t kind, uint32_t value)
{
	uint32_t index = value;

	if (kind == IPSECAPI_WORDS_REASON)
		return reason_word(value);
	if (kind >= COUNT(tables) || !tables[kind].words)
		return "unknown";
	if (tables[kind].is_bits) {
		if (!value || value & (value - 1))
			return "unknown";
		index = __builtin_ctz(value);
	}
	if (index >= tables[kind].count || !tables[kind].words[index])
		return "unknown";
	return tables[kind].words[index];
}
