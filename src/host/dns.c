#include "host/dns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/text.h"
#include "host/child.h"

/* The journal's word; its text is resolvconf's name for the link. What
 * systemd-resolved knows of a link goes with the link. */
#define KIND_RESOLVCONF "resolvconf"
#define RESOLVED_FOLDER "/run/systemd/resolve"
/* Debian's resolvconf orders by name: a tunnel's comes first. */
#define INTERFACE_ORDER "/etc/resolvconf/interface-order"
#define MAX_ARGS        64
/* Seconds; resolvconf and resolvectl ask nobody but this host. */
#define LIMIT           60u
/* And on the way back, which is waited for: with a grace of its own it is within what
 * systemd gives a service to stop. */
#define LIMIT_BACK      30u

static bool is_on_path(const char *program)
{
	static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					      "/usr/bin",        "/sbin",          "/bin"};
	char path[64];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], program);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

/* What the resolver is to be told. */
struct wanted {
	const struct wg_plan *plan;
	const struct wg_plan_op *ops; /* servers, then domains */
	size_t n;
	char where[WG_PLAN_WHERE_LEN]; /* how messages call it */
};

static void write_resolv_conf(struct wg_text *text, const struct wanted *wanted)
{
	const char *before = "search ";
	char ip[WG_IP_TEXT_LEN];

	for (size_t i = 0; i < wanted->n; i++) {
		const struct wg_plan_dns *dns = &wanted->ops[i].dns;

		if (!dns->domain) {
			wg_text_printf(text, "nameserver %s\n", wg_ip_format(ip, &dns->server));
			continue;
		}
		wg_text_printf(text, "%s%s%s", before, dns->domain, i + 1 == wanted->n ? "\n" : "");
		before = " ";
	}
}

static int by_resolvconf(struct wg_spawner *spawner, const struct wanted *wanted,
			 struct wg_undo *undo, const struct wg_spawn_options *options,
			 struct wg_error *error)
{
	char name[WG_CONF_LINK_LEN + 4];
	char *argv[] = {"resolvconf", "-a", name, "-m", "0", "-x", NULL};
	struct wg_spawn_command command = {wanted->where, argv[0], argv, NULL};
	struct wg_text text;
	size_t len;
	char *input;
	int err;

	snprintf(name, sizeof(name), "%s%s", access(INTERFACE_ORDER, F_OK) ? "" : "tun.",
		 wanted->plan->name);
	err = wg_undo_begin(undo, KIND_RESOLVCONF, name, error);
	if (err)
		return err;
	wg_text_init(&text);
	write_resolv_conf(&text, wanted);
	input = wg_text_take(&text, &len);
	command.input = input;
	err = input ? wg_spawn_run(spawner, &command, 1, options) : -ENOMEM;
	free(input);
	return err ? wg_error_set(error, err, "%s: %s", wanted->where, strerror(-err)) : 0;
}

static int by_resolved(struct wg_spawner *spawner, const struct wanted *wanted,
		       const struct wg_spawn_options *options, struct wg_error *error)
{
	static char words[MAX_ARGS][WG_IP_TEXT_LEN];
	char *dns[MAX_ARGS] = {"resolvectl", "dns", (char *)wanted->plan->name};
	char *domain[MAX_ARGS] = {"resolvectl", "domain", (char *)wanted->plan->name};
	struct wg_spawn_command commands[2] = {{wanted->where, "resolvectl dns", dns, NULL},
					       {wanted->where, "resolvectl domain", domain, NULL}};
	size_t n_dns = 3;
	size_t n_domain = 3;
	int err;

	for (size_t i = 0; i < wanted->n; i++) {
		const struct wg_plan_dns *op = &wanted->ops[i].dns;

		if (op->domain && n_domain + 1 < MAX_ARGS) {
			domain[n_domain++] = op->domain;
		} else if (!op->domain && n_dns + 1 < MAX_ARGS) {
			dns[n_dns] = (char *)wg_ip_format(words[n_dns], &op->server);
			n_dns++;
		}
	}
	/* With no domain of its own the link answers for all names, as with resolvconf -x. */
	if (n_domain == 3)
		domain[n_domain] = "~.";
	err = wg_spawn_run(spawner, commands, 2, options);
	return err ? wg_error_set(error, err, "%s: %s", wanted->where, strerror(-err)) : 0;
}

int wg_dns_up(struct wg_spawner *spawner, const struct wg_plan *plan, struct wg_undo *undo,
	      wg_spawn_done *done, void *ctx, struct wg_error *error)
{
	const struct wg_spawn_options options = {
		.limit = LIMIT, .setter = "the limit", .done = done, .ctx = ctx};
	struct wanted wanted = {.plan = plan};

	wanted.ops = wg_plan_ops(plan, WG_PLAN_DNS, &wanted.n);
	if (!wanted.n)
		return wg_spawn_run(spawner, NULL, 0, &options);
	wg_plan_where(wanted.where, plan, &wanted.ops[0]);
	if (is_on_path("resolvconf"))
		return by_resolvconf(spawner, &wanted, undo, &options, error);
	if (is_on_path("resolvectl") && !access(RESOLVED_FOLDER, F_OK))
		return by_resolved(spawner, &wanted, &options, error);
	wg_error_set(error, -ENOENT, "%s: neither resolvconf nor systemd-resolved is there",
		     wanted.where);
	wg_error_hint(error, "install openresolv, or take DNS out of the file");
	return -ENOENT;
}

int wg_dns_take_back(const char *kind, const char *text)
{
	char *argv[] = {"resolvconf", "-d", (char *)text, "-f", NULL};
	const struct wg_child child = {.argv = argv, .seconds = LIMIT_BACK};
	int result;

	if (strcmp(kind, KIND_RESOLVCONF) != 0)
		return -ENOSYS;
	result = wg_child_run(&child);
	return result > 0 ? -EIO : result;
}
