#include "daemon/leakguard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/nftables.h"

static const char *family_word(uint8_t family)
{
	return family == WG_FAMILY_IPV4 ? "ip" : "ip6";
}

static void write_table(FILE *file, const struct wg_conf *conf, const struct wg_netplan *plan,
			uint8_t family)
{
	const char *word = family_word(family);
	char address[WG_IP_TEXT_LEN];

	/* Made and emptied first: what a crash left behind is replaced. */
	fprintf(file, "table %s tuff-%s {}\ndelete table %s tuff-%s\ntable %s tuff-%s {\n", word,
		conf->name, word, conf->name, word, conf->name);
	fprintf(file, " chain preraw {\n  type filter hook prerouting priority -300;\n");
	for (size_t i = 0; i < plan->n_addresses; i++)
		if (plan->addresses[i].prefix.ip.family == family)
			fprintf(file,
				"  iifname != \"%s\" %s daddr %s fib saddr type != local drop;\n",
				conf->name, word,
				wg_ip_format(address, &plan->addresses[i].prefix.ip));
	fprintf(file,
		" }\n chain premangle {\n  type filter hook prerouting priority -150;\n"
		"  meta l4proto udp meta mark set ct mark;\n }\n"
		" chain postmangle {\n  type filter hook postrouting priority -150;\n"
		"  meta l4proto udp meta mark %" PRIu32 " ct mark set meta mark;\n }\n}\n",
		plan->fwmark);
}

int wg_leakguard_up(const struct wg_conf *conf, const struct wg_netplan *plan,
		    struct wg_error *error)
{
	char *commands = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&commands, &len);
	int err;

	if (!file)
		return wg_error_set(error, -ENOMEM, "nftables: %s", strerror(ENOMEM));
	if (wg_netplan_uses_rule(plan, WG_FAMILY_IPV4))
		write_table(file, conf, plan, WG_FAMILY_IPV4);
	if (wg_netplan_uses_rule(plan, WG_FAMILY_IPV6))
		write_table(file, conf, plan, WG_FAMILY_IPV6);
	fclose(file);
	err = wg_nftables_run(commands, error);
	free(commands);
	return err;
}

static int remove_table(const char *name, uint8_t family, struct wg_error *error)
{
	char command[64];

	snprintf(command, sizeof(command), "delete table %s tuff-%s", family_word(family), name);
	return wg_nftables_run(command, error);
}

int wg_leakguard_down(const char *name, struct wg_error *error)
{
	int ipv4 = remove_table(name, WG_FAMILY_IPV4, error);
	int ipv6 = remove_table(name, WG_FAMILY_IPV6, error);

	if (ipv4 && ipv4 != -ENOENT)
		return ipv4;
	/* One of them is enough to have been there. */
	return ipv6 == -ENOENT ? ipv4 : ipv6;
}
