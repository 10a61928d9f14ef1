/* Why packets are dropped: one counter and one name for each reason. */
#ifndef WG_CORE_DROPS_H
#define WG_CORE_DROPS_H

/* X(enumerator suffix, name in show and JSON) */
#define WG_DROPS(X)                                                                              \
	/* Outgoing. */                                                                          \
	X(OUT_MALFORMED, "out-malformed")     /* not an IP packet, or shorter than its header */ \
	X(OUT_NO_PEER, "out-no-peer")         /* no allowed IP holds the destination */          \
	X(OUT_NO_ENDPOINT, "out-no-endpoint") /* its peer's endpoint is not known */             \
	X(OUT_NO_KEY, "out-no-key")           /* the peer's key is of low order */               \
	X(OUT_STAGED_FULL, "out-staged-full") /* too many waited for a session or our key */     \
	X(OUT_STAGED_EVICTED, "out-staged-evicted") /* too many waited in all */                 \
	X(OUT_NO_ANSWER, "out-no-answer")           /* no session came while it waited */        \
	X(OUT_LINK_DOWN, "out-link-down")           /* the link is down */                       \
	X(OUT_NO_MEMORY, "out-no-memory")                                                        \
	X(OUT_QUEUE_FULL, "out-queue-full")   /* its way out had too many waiting */             \
	X(OUT_SEND_FAILED, "out-send-failed") /* the system refused a datagram */                \
	/* Datagrams. */                                                                         \
	X(IN_MALFORMED, "in-malformed")         /* type, reserved bytes or length */             \
	X(IN_MAC1, "in-mac1")                   /* a handshake message for another key */        \
	X(IN_UNDER_LOAD, "in-under-load")       /* no cookie while under load */                 \
	X(IN_RATE_LIMITED, "in-rate-limited")   /* too many handshakes of one source */          \
	X(IN_QUEUE_FULL, "in-queue-full")       /* too many handshakes waiting */                \
	X(IN_HANDSHAKE, "in-handshake")         /* a handshake message that does not open */     \
	X(IN_UNKNOWN_PEER, "in-unknown-peer")   /* an initiation from a key that is no peer's */ \
	X(IN_OLD_TIMESTAMP, "in-old-timestamp") /* a replayed initiation, or a clock set back */ \
	X(IN_FLOOD, "in-flood")                 /* initiations less than 20 ms apart */          \
	X(IN_NO_HANDSHAKE, "in-no-handshake")   /* a response or cookie that nobody awaits */    \
	X(IN_COOKIE, "in-cookie")               /* a cookie reply that does not open */          \
	X(IN_UNKNOWN_INDEX, "in-unknown-index") /* transport data of no session */               \
	X(IN_EXPIRED, "in-expired")             /* of a session too old or used up */            \
	X(IN_DECRYPT, "in-decrypt")             /* the tag is wrong */                           \
	X(IN_REPLAY, "in-replay")               /* counter seen, or behind the window */         \
	X(IN_LINK_DOWN, "in-link-down")                                                          \
	X(IN_NO_MEMORY, "in-no-memory")                                                          \
	/* Inner packets. */                                                                     \
	X(INNER_MALFORMED, "inner-malformed") /* version or length */                            \
	X(INNER_SOURCE, "inner-source")       /* a source that is not this peer's */

enum wg_drop {
#define WG_DROP_ENUM(suffix, name) WG_DROP_##suffix,
	WG_DROPS(WG_DROP_ENUM)
#undef WG_DROP_ENUM
		WG_DROP_COUNT
};

/* A reason's name, as show prints it. */
const char *wg_drop_name(enum wg_drop reason);

#endif
