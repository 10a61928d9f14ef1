/* The kernel's offloads: whether one is in use and, if not, why; whether a kernel is
 * trusted with it; and what a probe found. */
#ifndef WG_BASE_OFFLOAD_H
#define WG_BASE_OFFLOAD_H

enum wg_offload_state {
	WG_OFFLOAD_IN_USE,
	WG_OFFLOAD_UNWANTED,    /* switched off by configuration */
	WG_OFFLOAD_UNSUPPORTED, /* the kernel does not have it, or not a good one */
	WG_OFFLOAD_FAILED,      /* it was in use until the kernel refused */
	WG_OFFLOAD_BROKEN       /* the probe sent something, and something else came back */
};

/* The judgement of an offload by the kernel's release alone. */
enum wg_offload_trust {
	WG_OFFLOAD_TRUSTED,
	WG_OFFLOAD_DOUBTED, /* it may be wrong: a probe can tell */
	WG_OFFLOAD_BARRED   /* it is wrong, or may be where no probe can see it */
};

enum wg_offload_verdict {
	WG_OFFLOAD_UNPROBED, /* the probe could not be made, or not to its end */
	WG_OFFLOAD_GOOD,
	WG_OFFLOAD_BAD
};

struct wg_offload_finding {
	enum wg_offload_verdict verdict;
	char what[128]; /* bad: the packet sent and the one that came back, for people */
};

#endif
