/* All that a tunnel's configuration asks of its host, as a list of operations in the order
 * in which they are carried out. The plan is made from the configuration and a view of the
 * host, so it can be tested without touching either; afterwards neither is needed beside it.
 * host/apply.h carries a plan out, and the difference between two; host/leakguard.h lays its
 * firewall rules and host/dns.h sets its resolver. Pure. */
#ifndef WG_HOST_PLAN_H
#define WG_HOST_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/conf.h"
#include "host/hostview.h"
#include "route/address.h"
#include "route/neigh.h"
#include "route/route.h"
#include "route/rule.h"

/* What a datagram needs besides an inner packet: IP, UDP, header and tag. */
#define WG_PLAN_OUTER_IPV4 60u
#define WG_PLAN_OUTER_IPV6 80u

#define WG_PLAN_WHERE_LEN 512 /* of an operation's place in the file, with its NUL */

/* What an operation does, in the order of a plan. */
enum wg_plan_kind {
	WG_PLAN_MTU,
	WG_PLAN_ADDRESS,
	WG_PLAN_FIREWALL, /* rules of a family whose default route is laid by rule and mark */
	WG_PLAN_FORWARD,
	WG_PLAN_SYSCTL, /* one that the file names */
	WG_PLAN_NEEDED, /* one without which another operation has no effect */
	WG_PLAN_PROXY,
	WG_PLAN_ROUTE, /* through the tunnel, or the wall behind such a one */
	WG_PLAN_RULE,
	WG_PLAN_DNS,
	WG_PLAN_N_KINDS
};

struct wg_plan_sysctl {
	char *name; /* as for host/sysctl.h */
	char *value;
	/* Refused by the kernel, it is not missed while no reverse path filter is on. */
	bool for_filters;
};

struct wg_plan_forward {
	enum wg_family family;
	char uplink[WG_CONF_LINK_LEN]; /* empty: any */
};

/* Either a server or a domain that is searched. */
struct wg_plan_dns {
	struct wg_ip server;
	char *domain; /* NULL: a server */
};

struct wg_plan_op {
	enum wg_plan_kind kind;
	unsigned int line; /* of the file; 0: no line asks for it */
	const char *key;   /* that asks for it, a literal; NULL: it follows from others */
	union {
		uint32_t mtu;
		struct wg_address address;
		enum wg_family firewall;
		struct wg_plan_forward forward;
		struct wg_plan_sysctl sysctl; /* SYSCTL and NEEDED */
		struct wg_neigh_proxy proxy;
		struct wg_route route;
		struct wg_rule rule;
		struct wg_plan_dns dns;
	};
};

struct wg_plan {
	char name[WG_CONF_LINK_LEN]; /* the tunnel's */
	char *file;                  /* as messages name it */
	uint32_t link;               /* the tunnel's own; 0: nothing is planned */
	uint32_t table;              /* of the default routes by rule; 0: not used */
	uint32_t fwmark;             /* for the sockets; 0: none */

	struct wg_plan_op *ops; /* by kind; routes in an order in which they can be added */
	size_t n_ops;
	size_t at[WG_PLAN_N_KINDS + 1]; /* where each kind begins, and the end */
};

/* What a plan is made of. */
struct wg_plan_source {
	const struct wg_conf *conf;
	const struct wg_hostview *view;
	uint32_t link; /* the tunnel's */
	/* The table that a running tunnel uses already (0: none): it is not free, but it
	 * is ours. */
	uint32_t own_table;
	/* The MTU of the path to an address, for datagrams with this mark; 0: unknown. */
	uint32_t (*path_mtu)(void *ctx, const struct wg_ip *to, uint32_t mark);
	void *ctx;
};

/* 0, or -errno and a reason; then there is nothing to be freed. */
int wg_plan_make(struct wg_plan *plan, const struct wg_plan_source *source, struct wg_error *error);
void wg_plan_free(struct wg_plan *plan);

/* The operations of one kind: *n of them; NULL where there are none. */
const struct wg_plan_op *wg_plan_ops(const struct wg_plan *plan, enum wg_plan_kind kind, size_t *n);

/* Where in the file an operation is asked for: "wg0.conf:7: AllowedIPs"; or "wg0: MTU" where
 * no line does. */
const char *wg_plan_where(char where[static WG_PLAN_WHERE_LEN], const struct wg_plan *plan,
			  const struct wg_plan_op *op);

/* The plan's operation that sees to the same thing as that one: the same address, route,
 * rule or proxy, the parameter of the same name, forwarding of the same family. NULL: it has
 * none. */
const struct wg_plan_op *wg_plan_find(const struct wg_plan *plan, const struct wg_plan_op *op);

/* The plan's route through the tunnel that takes the place of this one: with the same
 * destination, metric and table, of which the kernel has one at a time. NULL: none. */
const struct wg_plan_op *wg_plan_route_in_place(const struct wg_plan *plan,
						const struct wg_route *route);

/* Rules that a running tunnel has laid by the plan before keep their place; a plan made
 * while they are there would put them in front of themselves. */
void wg_plan_keep_rules(struct wg_plan *plan, const struct wg_plan *before);

/* The MTU for the tunnel, from the MTU of the path to each endpoint that is known (0:
 * none): less the outer headers, and not below what IPv6 inside needs. */
uint32_t wg_plan_mtu(const struct wg_conf *conf, uint32_t ipv4_path_mtu, uint32_t ipv6_path_mtu);

#endif
