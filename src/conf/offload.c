#include "conf/offload.h"

#include <strings.h>

const struct wg_conf_offload_word wg_conf_offload_words[WG_CONF_N_OFFLOADS] = {
	{WG_CONF_OFFLOAD_TSO, "tso"},
	{WG_CONF_OFFLOAD_USO, "uso"},
	{WG_CONF_OFFLOAD_GSO, "gso"},
	{WG_CONF_OFFLOAD_GRO, "gro"},
};

bool wg_conf_offload_add(unsigned int *offloads, const char *word)
{
	for (unsigned int i = 0; i < WG_CONF_N_OFFLOADS; i++) {
		if (strcasecmp(word, wg_conf_offload_words[i].word) != 0)
			continue;
		*offloads |= wg_conf_offload_words[i].offload;
		return true;
	}
	return false;
}
