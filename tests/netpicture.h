/* Pictures of a network namespace as text, to be compared byte for byte: all of
 * /proc/sys/net, and all links' addresses, routes, rules and neighbour proxies. */
#ifndef WG_TESTS_NETPICTURE_H
#define WG_TESTS_NETPICTURE_H

#include "netns.h"

#include <ftw.h>

struct wg_test_lines {
	char **lines;
	size_t n;
};

static struct wg_test_lines wg_test_found;

static inline void wg_test_line(struct wg_test_lines *lines, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline void wg_test_line(struct wg_test_lines *lines, const char *format, ...)
{
	va_list args;

	lines->lines = realloc(lines->lines, (lines->n + 1) * sizeof(char *));
	assert_non_null(lines->lines);
	va_start(args, format);
	assert_true(vasprintf(&lines->lines[lines->n++], format, args) >= 0);
	va_end(args);
}

static inline int wg_test_compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines sorted, in one text that the caller frees. */
static inline char *wg_test_join(struct wg_test_lines *lines)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	if (lines->n)
		qsort(lines->lines, lines->n, sizeof(char *), wg_test_compare_lines);
	for (size_t i = 0; i < lines->n; i++) {
		fprintf(out, "%s\n", lines->lines[i]);
		free(lines->lines[i]);
	}
	fclose(out);
	free(lines->lines);
	*lines = (struct wg_test_lines){NULL, 0};
	return text;
}

static inline int wg_test_see_sysctl(const char *path, const struct stat *st, int type,
				     struct FTW *at)
{
	char value[4096];
	ssize_t len;
	int fd;

	(void)at;
	if (type != FTW_F || !(st->st_mode & S_IRUSR) || strstr(path, "nf_conntrack_count"))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, value, sizeof(value) - 1);
	close(fd);
	if (len < 0)
		return 0;
	value[len] = '\0';
	value[strcspn(value, "\n")] = '\0';
	wg_test_line(&wg_test_found, "%s=%s", path + strlen("/proc/sys/"), value);
	return 0;
}

/* "name=value" lines of every readable parameter under net. */
static inline char *wg_test_picture_sysctls(void)
{
	assert_int_equal(nftw("/proc/sys/net", wg_test_see_sysctl, 32, FTW_PHYS), 0);
	return wg_test_join(&wg_test_found);
}

static inline void wg_test_see_routes(struct wg_test_lines *lines, struct wg_netlink *nl)
{
	char dst[WG_PREFIX_TEXT_LEN], via[WG_IP_TEXT_LEN];
	struct wg_route *routes;
	size_t n;

	assert_int_equal(wg_route_list(nl, WG_FAMILY_NONE, 0, &routes, &n), 0);
	for (size_t i = 0; i < n; i++) {
		const struct wg_route *r = &routes[i];

		wg_test_line(lines,
			     "route %s via %s link %u metric %u table %u type %u from %u mtu %u",
			     wg_prefix_format(dst, &r->dst), wg_ip_format(via, &r->via), r->link,
			     r->metric, r->table, r->type, r->protocol, r->mtu);
	}
	free(routes);
}

static inline void wg_test_see_rules(struct wg_test_lines *lines, struct wg_netlink *nl)
{
	struct wg_rule *rules;
	size_t n;

	assert_int_equal(wg_rule_list(nl, WG_FAMILY_NONE, &rules, &n), 0);
	for (size_t i = 0; i < n; i++)
		wg_test_line(
			lines,
			"rule %u: family %u mark %x/%x invert %d table %u suppress %d other %d",
			rules[i].priority, rules[i].family, rules[i].fwmark, rules[i].fwmask,
			rules[i].invert, rules[i].table, rules[i].suppress_prefixlength,
			rules[i].other);
	free(rules);
}

static inline void wg_test_see_links(struct wg_test_lines *lines, struct wg_netlink *nl)
{
	char text[WG_PREFIX_TEXT_LEN];
	struct wg_neigh_proxy *proxies;
	struct wg_address *addresses;
	size_t n;

	assert_int_equal(wg_address_list(nl, 0, &addresses, &n), 0);
	for (size_t i = 0; i < n; i++)
		wg_test_line(lines, "address %s link %u",
			     wg_prefix_format(text, &addresses[i].prefix), addresses[i].link);
	free(addresses);
	assert_int_equal(wg_neigh_proxy_list(nl, &proxies, &n), 0);
	for (size_t i = 0; i < n; i++)
		wg_test_line(lines, "proxy %s link %u", wg_ip_format(text, &proxies[i].ip),
			     proxies[i].link);
	free(proxies);
}

/* All of the above. The caller frees it. */
static inline char *wg_test_picture(struct wg_netlink *nl)
{
	struct wg_test_lines lines = {NULL, 0};
	char *sysctls = wg_test_picture_sysctls();
	char *others, *text;

	wg_test_see_links(&lines, nl);
	wg_test_see_routes(&lines, nl);
	wg_test_see_rules(&lines, nl);
	others = wg_test_join(&lines);
	assert_true(asprintf(&text, "%s%s", others, sysctls) >= 0);
	free(others);
	free(sysctls);
	return text;
}

static inline void wg_test_print_missing(const char *from, const char *in, char sign)
{
	for (size_t len; *from; from += len + (from[len] == '\n')) {
		char line[4200];

		len = strcspn(from, "\n");
		snprintf(line, sizeof(line), "%.*s\n", (int)len, from);
		if (!strstr(in, line))
			print_error("%c%s", sign, line);
	}
}

/* Fails with the lines that differ. */
static inline void wg_test_same_picture(const char *before, const char *after)
{
	if (!strcmp(before, after))
		return;
	wg_test_print_missing(before, after, '-');
	wg_test_print_missing(after, before, '+');
	fail_msg("the namespace is not as it was");
}

#endif
