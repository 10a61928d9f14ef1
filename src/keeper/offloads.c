#include "keeper/offloads.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/nearest.h"
#include "conf/offload.h"

const char *const wg_offloads_tun_names[WG_TUN_N_OFFLOADS] = {
	[WG_TUN_TSO] = "tso",
	[WG_TUN_USO] = "uso",
	[WG_TUN_TCP_GRO] = "tcp-gro",
	[WG_TUN_UDP_GRO] = "udp-gro",
};

const char *const wg_offloads_udp_names[WG_UDP_N_OFFLOADS] = {
	[WG_UDP_GSO] = "gso",
	[WG_UDP_GRO] = "gro",
};

void wg_offloads_want(struct wg_offloads *offloads, unsigned int wanted)
{
	offloads->tun[WG_TUN_TSO] = !(wanted & WG_CONF_OFFLOAD_TSO);
	offloads->tun[WG_TUN_USO] = !(wanted & WG_CONF_OFFLOAD_USO);
	offloads->tun[WG_TUN_TCP_GRO] = !(wanted & WG_CONF_OFFLOAD_GRO);
	offloads->tun[WG_TUN_UDP_GRO] = !(wanted & WG_CONF_OFFLOAD_GRO);
	offloads->udp[WG_UDP_GSO] = !(wanted & WG_CONF_OFFLOAD_GSO);
	offloads->udp[WG_UDP_GRO] = !(wanted & WG_CONF_OFFLOAD_GRO);
}

static int refuse(const char *word, const char *where, struct wg_error *error)
{
	const char *known[WG_CONF_N_OFFLOADS + 2] = {"auto", "off"};
	const char *nearest;

	for (size_t i = 0; i < WG_CONF_N_OFFLOADS; i++)
		known[2 + i] = wg_conf_offload_words[i].word;
	nearest = wg_nearest(word, known, WG_ARRAY_LEN(known));
	wg_error_set(error, -EINVAL, "%s%s: no such offload", where, word);
	if (nearest)
		wg_error_hint(error, "did you mean %s?", nearest);
	else
		wg_error_hint(error, "auto, off, or some of tso, uso, gso, gro");
	return -EINVAL;
}

int wg_offloads_parse(struct wg_offloads *offloads, const char *text, const char *where,
		      struct wg_error *error)
{
	unsigned int wanted = 0;
	char words[64];
	char *rest = words;
	char *word;

	if (!text || !*text || !strcasecmp(text, "auto"))
		wanted = WG_CONF_OFFLOAD_ALL;
	else if (strlen(text) >= sizeof(words))
		return refuse(text, where, error);
	else if (strcasecmp(text, "off") != 0) {
		snprintf(words, sizeof(words), "%s", text);
		while ((word = strsep(&rest, ", ")))
			if (*word && !wg_conf_offload_add(&wanted, word))
				return refuse(word, where, error);
	}
	wg_offloads_want(offloads, wanted);
	return 0;
}

/* One offload, in whichever list it belongs to. */
static void add(const char *name, enum wg_offload_state state, char *in_use, char *off, size_t size)
{
	static const char *const why[] = {
		[WG_OFFLOAD_UNWANTED] = "switched off",
		[WG_OFFLOAD_UNSUPPORTED] = "the kernel does not have it",
		[WG_OFFLOAD_FAILED] = "the kernel refused it",
		[WG_OFFLOAD_BROKEN] = "it failed the probe",
	};
	char *list = state == WG_OFFLOAD_IN_USE ? in_use : off;
	size_t len = strlen(list);

	if (state == WG_OFFLOAD_IN_USE)
		snprintf(list + len, size - len, "%s%s", len ? " " : "", name);
	else
		snprintf(list + len, size - len, "%s%s: %s", len ? "; " : "", name, why[state]);
}

void wg_offloads_describe(const enum wg_offload_state *tun, const enum wg_offload_state *udp,
			  char *in_use, char *off, size_t size)
{
	*in_use = '\0';
	*off = '\0';
	for (int i = 0; tun && i < WG_TUN_N_OFFLOADS; i++)
		add(wg_offloads_tun_names[i], tun[i], in_use, off, size);
	for (int i = 0; udp && i < WG_UDP_N_OFFLOADS; i++)
		add(wg_offloads_udp_names[i], udp[i], in_use, off, size);
}
