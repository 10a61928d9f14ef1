#include "host/leakguard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "host/nftables.h"

/* The journal's word; its text is the tunnel's name. */
#define KIND_LEAKGUARD "nftables"

static const char *family_word(enum wg_family family)
{
	return family == WG_FAMILY_IPV4 ? "ip" : "ip6";
}

static void write_table(FILE *file, const struct wg_plan *plan, enum wg_family family)
{
	const char *word = family_word(family);
	char text[WG_IP_TEXT_LEN];
	size_t n;
	const struct wg_plan_op *addresses = wg_plan_ops(plan, WG_PLAN_ADDRESS, &n);

	fprintf(file, "table %s tuff-%s {\n", word, plan->name);
	fprintf(file, " chain preraw {\n  type filter hook prerouting priority -300;\n");
	for (size_t i = 0; i < n; i++) {
		const struct wg_ip *ip = &addresses[i].address.prefix.ip;

		if (ip->family == family)
			fprintf(file,
				"  iifname != \"%s\" %s daddr %s fib saddr type != local drop;\n",
				plan->name, word, wg_ip_format(text, ip));
	}
	fprintf(file,
		" }\n chain premangle {\n  type filter hook prerouting priority -150;\n"
		"  meta l4proto udp meta mark set ct mark;\n }\n"
		" chain postmangle {\n  type filter hook postrouting priority -150;\n"
		"  meta l4proto udp meta mark %" PRIu32 " ct mark set meta mark;\n }\n}\n",
		plan->fwmark);
}

static bool uses(const struct wg_plan *plan, enum wg_family family)
{
	const struct wg_plan_op op = {.kind = WG_PLAN_FIREWALL, .firewall = family};

	return plan && wg_plan_find(plan, &op);
}

bool wg_leakguard_guards(const struct wg_plan *plan)
{
	return uses(plan, WG_FAMILY_IPV4) || uses(plan, WG_FAMILY_IPV6);
}

static void write_family(FILE *file, const struct wg_leakguard *change, enum wg_family family)
{
	const char *word = family_word(family);

	if (!uses(change->from, family) && !uses(change->to, family))
		return;
	/* Made and removed first: also what a crash left behind is replaced. */
	fprintf(file, "table %s tuff-%s {}\ndelete table %s tuff-%s\n", word, change->to->name,
		word, change->to->name);
	if (uses(change->to, family))
		write_table(file, change->to, family);
}

static int start(struct wg_spawner *spawner, const struct wg_leakguard *change, wg_spawn_done *done,
		 void *ctx)
{
	const struct wg_spawn_options none = {.done = done, .ctx = ctx};
	char *commands = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&commands, &len);
	int err = file ? 0 : -ENOMEM;

	if (!err) {
		write_family(file, change, WG_FAMILY_IPV4);
		write_family(file, change, WG_FAMILY_IPV6);
		err = fclose(file) ? -ENOMEM : 0;
	}
	if (!err && len)
		err = wg_nftables_start(spawner, change->to->name, commands, done, ctx);
	else if (!err)
		err = wg_spawn_run(spawner, NULL, 0, &none);
	free(commands);
	return err;
}

int wg_leakguard_change(struct wg_spawner *spawner, const struct wg_leakguard *change,
			struct wg_undo *undo, wg_spawn_done *done, void *ctx,
			struct wg_error *error)
{
	struct wg_error failure;
	int err = 0;

	if (wg_leakguard_guards(change->to) && !wg_leakguard_guards(change->from))
		err = wg_undo_begin(undo, KIND_LEAKGUARD, change->to->name, error);
	if (err)
		return err;
	err = start(spawner, change, done, ctx);
	if (err) {
		wg_error_set(&failure, err, "%s: nftables: %s", change->to->name, strerror(-err));
		done(ctx, &failure);
	}
	return 0;
}

int wg_leakguard_changed(const struct wg_spawner *spawner, const struct wg_leakguard *change,
			 struct wg_undo *undo, const struct wg_error *result,
			 struct wg_error *error)
{
	bool failed = *result->text != '\0';
	bool guarded = wg_leakguard_guards(failed ? change->from : change->to);
	int err = 0;

	if (failed && !wg_leakguard_guards(change->to))
		wg_log(WG_LOG_WARNING, "%s: rules that are needed no more stay", result->text);
	else if (failed)
		wg_log(WG_LOG_WARNING,
		       "%s: packets for the tunnel's addresses that come by other links are not "
		       "dropped, and "
		       "strict reverse path filters may drop answers",
		       result->text);
	/* One that was ended may have been done with it all the same. */
	if (!guarded && !(failed && spawner->ended) &&
	    (wg_leakguard_guards(change->from) || wg_leakguard_guards(change->to)))
		err = wg_undo_cancel(undo, KIND_LEAKGUARD, change->to->name);
	return err && err != -ENOENT ? wg_error_set(error, err, "%s: undo journal: %s",
						    change->to->name, strerror(-err))
				     : 0;
}

static int remove_table(const char *name, enum wg_family family, struct wg_error *error)
{
	char command[64];

	snprintf(command, sizeof(command), "delete table %s tuff-%s", family_word(family), name);
	return wg_nftables_run(command, error);
}

static int take_back(const char *name, struct wg_error *error)
{
	int ipv4 = remove_table(name, WG_FAMILY_IPV4, error);
	int ipv6 = remove_table(name, WG_FAMILY_IPV6, error);

	if (ipv4 && ipv4 != -ENOENT)
		return ipv4;
	/* One of them is enough to have been there. */
	return ipv6 == -ENOENT ? ipv4 : ipv6;
}

int wg_leakguard_take_back(const char *kind, const char *text)
{
	struct wg_error error;

	return strcmp(kind, KIND_LEAKGUARD) ? -ENOSYS : take_back(text, &error);
}
