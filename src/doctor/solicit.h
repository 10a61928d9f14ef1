/* Overhearing neighbour solicitations (RFC 4861 4.3): who is asked for on a link, and
 * whether it is this host that should have answered. Only this folder includes it. */
#ifndef WG_DOCTOR_SOLICIT_H
#define WG_DOCTOR_SOLICIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"

struct wg_solicit {
	uint32_t link;
	struct wg_ip target;
};

/* Listens on all links for so many seconds, and takes down what is asked for, at most
 * 1024 questions. *heard is freed by the caller. 0 or -errno; -EPERM without
 * CAP_NET_RAW. */
int wg_solicit_listen(unsigned int seconds, const uint32_t *links, size_t n_links,
		      struct wg_solicit **heard, size_t *n);

#endif
