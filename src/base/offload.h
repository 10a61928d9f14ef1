/* Whether one of the kernel's offloads is in use and, if not, why: for people. */
#ifndef WG_BASE_OFFLOAD_H
#define WG_BASE_OFFLOAD_H

enum wg_offload_state {
	WG_OFFLOAD_IN_USE,
	WG_OFFLOAD_UNWANTED,    /* switched off by configuration */
	WG_OFFLOAD_UNSUPPORTED, /* the kernel does not have it, or not a good one */
	WG_OFFLOAD_FAILED       /* it was in use until the kernel refused */
};

#endif
