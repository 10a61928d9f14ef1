/* Names of links: which ones the kernel, the control socket's path and wg take. */
#ifndef WG_CONF_NAME_H
#define WG_CONF_NAME_H

/* NULL when name can be a tunnel's name, otherwise why it cannot. */
const char *wg_name_refusal(const char *name);

#endif
