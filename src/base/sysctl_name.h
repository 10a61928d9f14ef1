/* How kernel parameters under net. are called. A name is the path below /proc/sys,
 * "net/ipv6/conf/eth0.5/accept_ra"; a key is what people write, with dots, as sysctl(8)
 * takes it. */
#ifndef WG_BASE_SYSCTL_NAME_H
#define WG_BASE_SYSCTL_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define WG_SYSCTL_NAME_LEN 160 /* with its NUL */

/* The name of a key. A key may be a name already; or "net.ipv6.conf.eth0/5.accept_ra",
 * where a slash stands for a dot in an interface's name; or the same with that dot left as
 * it is, which is clear since a parameter of an interface has no further parts. -EINVAL
 * when it is no key, or not under net. */
int wg_sysctl_name(char name[static WG_SYSCTL_NAME_LEN], const char *key);

/* The name of an interface's parameter: "ipv6", "eth0.5", "accept_ra". -EINVAL: that is no
 * interface. */
int wg_sysctl_conf(char name[static WG_SYSCTL_NAME_LEN], const char *family, const char *link,
		   const char *leaf);

/* The key of a name. */
const char *wg_sysctl_key(char key[static WG_SYSCTL_NAME_LEN], const char *name);

/* The key of an interface's parameter, for an interface that there is. */
const char *wg_sysctl_conf_key(char key[static WG_SYSCTL_NAME_LEN], const char *family,
			       const char *link, const char *leaf);

/* Whether a text is a name: under net, with no part that is empty or leads out of the
 * folder. */
bool wg_sysctl_is_name(const char *text);

/* Where an interface's name begins in a name, or in a key that was cut at its dots; 0: it
 * is no interface's parameter. */
size_t wg_sysctl_interface_at(const char *name);

#endif
