/* The words by which people name offloads, in files and in the environment. Pure. */
#ifndef WG_CONF_OFFLOAD_H
#define WG_CONF_OFFLOAD_H

#include <stdbool.h>

#include "conf/conf.h"

#define WG_CONF_N_OFFLOADS 4

struct wg_conf_offload_word {
	enum wg_conf_offload offload;
	const char *word;
};

/* In the order in which messages list them. */
extern const struct wg_conf_offload_word wg_conf_offload_words[WG_CONF_N_OFFLOADS];

/* Adds the offload of that word, in whatever case, to a set of enum wg_conf_offload. Whether
 * there is such a one. */
bool wg_conf_offload_add(unsigned int *offloads, const char *word);

#endif
