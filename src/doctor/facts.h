/* What `tuff doctor` knows of a tunnel and of the host that it runs on. */
#ifndef WG_DOCTOR_FACTS_H
#define WG_DOCTOR_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/conf.h"
#include "ctl/status.h"
#include "doctor/solicit.h"
#include "host/hostview.h"
#include "os/portholder.h"
#include "route/address.h"
#include "route/neigh.h"
#include "route/route.h"

enum wg_facts_runner {
	WG_FACTS_RUNS_NOT,     /* nobody answers at the control socket */
	WG_FACTS_RUNS_HIDDEN,  /* something may, but we may not ask it */
	WG_FACTS_RUNS_FOREIGN, /* another program does, which only speaks wg's requests */
	WG_FACTS_RUNS_TUFF
};

/* The way of our datagrams to a peer's endpoint. */
struct wg_facts_way {
	int error; /* -errno: there is no way */
	struct wg_route route;
	uint32_t mtu; /* of the path, as far as it is known; 0: not at all */
};

/* Parameters of a link as they take effect: together with those of "all". */
struct wg_facts_link {
	int rp_filter; /* 0: off, 1: strict, 2: loose (RFC 3704) */
	bool src_valid_mark;
	bool proxy_arp;
	bool proxy_ndp;
};

struct wg_facts {
	const char *name;
	const struct wg_conf *conf; /* NULL: there is no file, or it cannot be read */
	int64_t now_sec;            /* the wall clock */

	enum wg_facts_runner runner;
	struct wg_status status;             /* where WG_FACTS_RUNS_TUFF */
	int leftovers;                       /* changes in the undo journal of a dead tunnel */
	bool port_taken;                     /* the file's port is in use by something else */
	char port_holder[WG_PORTHOLDER_LEN]; /* and by what; empty: not to be seen */

	struct wg_hostview host;
	struct wg_facts_link *links; /* of host.links */
	struct wg_address *addresses;
	size_t n_addresses;
	struct wg_neigh_proxy *proxies;
	size_t n_proxies;
	struct wg_facts_way *ways; /* of status' peers; where they have an endpoint */
	bool forwards_ipv4;
	bool forwards_ipv6;
	char *firewall; /* what may drop our port (doctor/firewall.h); NULL: nothing seen */
	struct wg_solicit *solicited; /* questions that were heard */
	size_t n_solicited;
};

/* The link of that number, or NULL. */
static inline const struct wg_link *wg_facts_link_at(const struct wg_facts *facts, uint32_t index)
{
	for (size_t i = 0; i < facts->host.n_links; i++)
		if (facts->host.links[i].index == index)
			return &facts->host.links[i];
	return NULL;
}

/* The parameters of a link of facts->host. */
static inline const struct wg_facts_link *wg_facts_parameters(const struct wg_facts *facts,
							      const struct wg_link *link)
{
	return &facts->links[link - facts->host.links];
}

/* Gathers them: asks the tunnel and the kernel, and changes nothing. Neighbour
 * solicitations are listened for as long as that; 0: not at all. conf may be NULL, and
 * has to live as long as facts, which are freed in any case. 0, or -errno and why they
 * cannot be had. */
int wg_facts_gather(struct wg_facts *facts, const char *name, const struct wg_conf *conf,
		    unsigned int listen_sec, struct wg_error *error);
void wg_facts_free(struct wg_facts *facts);

#endif
