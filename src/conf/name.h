/* Names of links. Three rules, each of which holds for all that the next one takes: the
 * kernel's for any link, that of a tunnel's own name, and that of one which comes from a
 * file's name and is put into hooks. */
#ifndef WG_CONF_NAME_H
#define WG_CONF_NAME_H

#include <stdbool.h>

/* Whether a link may be called so; of others' links, which may be there already. */
bool wg_name_is_link(const char *name);

/* NULL when name can be a tunnel's name, which the kernel, the control socket's path and wg
 * take; otherwise why it cannot. */
const char *wg_name_refusal(const char *name);

/* Whether it can be a tunnel's name and a shell leaves it as it is: as wg-quick has it, of
 * [a-zA-Z0-9_=+.-]. */
bool wg_name_is_plain(const char *name);

#endif
