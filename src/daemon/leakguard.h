/* The firewall rules of a default route by rule and mark, in nftables tables of our
 * own (one a family, "tuff-NAME"), as wg-quick has them:
 *
 *   - what comes for the tunnel's addresses by another link is dropped, unless this
 *     host itself sent it: nobody on the uplink can probe which address is inside;
 *   - the mark of our outer datagrams is saved in connection tracking and given to
 *     the answers, so that reverse path filters find the way they came. */
#ifndef WG_DAEMON_LEAKGUARD_H
#define WG_DAEMON_LEAKGUARD_H

#include "base/error.h"
#include "ctl/conf.h"
#include "daemon/netplan.h"

/* Lays the rules that the plan needs, in one transaction. 0; -EOPNOTSUPP where the
 * kernel has no nftables, or the library is not there; or another -errno. */
int wg_leakguard_up(const struct wg_conf *conf, const struct wg_netplan *plan,
		    struct wg_error *error);

/* Removes the tables of the tunnel of that name. 0, -ENOENT when there are none. */
int wg_leakguard_down(const char *name, struct wg_error *error);

#endif
