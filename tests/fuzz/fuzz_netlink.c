/* The kernel's answers about links, addresses, routes, rules and neighbours, of any bytes.
 * The first byte says what is asked for; behind it are datagrams, each with its length in
 * two bytes, and those of 65535 stand for an answer that was lost. A message with sequence
 * number 0 gets the request's, or hardly any would be looked at. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "route/address.h"
#include "route/link.h"
#include "route/neigh.h"
#include "route/netlink.h"
#include "route/route.h"
#include "route/rule.h"

#define LOST 65535u

static struct {
	const uint8_t *data;
	size_t len;
	uint32_t seq;
} kernel;

ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len);
ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len)
{
	const struct nlmsghdr *request = data;

	(void)fd;
	(void)flags;
	(void)to;
	(void)to_len;
	kernel.seq = request->nlmsg_seq;
	return (ssize_t)len;
}

static void number(uint8_t *bytes, size_t len)
{
	struct nlmsghdr nlh;

	for (size_t i = 0; i + sizeof(nlh) <= len; i += NLMSG_ALIGN(nlh.nlmsg_len)) {
		memcpy(&nlh, bytes + i, sizeof(nlh));
		if (!nlh.nlmsg_seq)
			nlh.nlmsg_seq = kernel.seq;
		memcpy(bytes + i, &nlh, sizeof(nlh));
		if (nlh.nlmsg_len < sizeof(nlh) || nlh.nlmsg_len > len - i)
			return;
	}
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags)
{
	size_t len;

	(void)fd;
	(void)flags;
	if (kernel.len < 2) {
		errno = EAGAIN;
		return -1;
	}
	len = kernel.data[0] | (size_t)kernel.data[1] << 8;
	kernel.data += 2;
	kernel.len -= 2;
	if (len == LOST) {
		errno = ENOBUFS;
		return -1;
	}
	header->msg_flags = len > header->msg_iov->iov_len ? MSG_TRUNC : 0;
	len = len < kernel.len ? len : kernel.len;
	len = len < header->msg_iov->iov_len ? len : header->msg_iov->iov_len;
	memcpy(header->msg_iov->iov_base, kernel.data, len);
	number(header->msg_iov->iov_base, len);
	kernel.data += len;
	kernel.len -= len;
	return (ssize_t)len;
}

static void check_prefix(const struct wg_prefix *prefix)
{
	assert(prefix->ip.family == WG_FAMILY_IPV4 || prefix->ip.family == WG_FAMILY_IPV6);
	assert(prefix->bits <= wg_family_bits(prefix->ip.family));
}

static void check_link(const struct wg_link *link)
{
	assert(memchr(link->name, 0, sizeof(link->name)));
	assert(memchr(link->kind, 0, sizeof(link->kind)));
}

static void list_links(struct wg_netlink *nl)
{
	struct wg_link *links;
	size_t n;

	if (!wg_link_list(nl, &links, &n))
		for (size_t i = 0; i < n; i++)
			check_link(&links[i]);
	free(links);
}

static void list_addresses(struct wg_netlink *nl)
{
	struct wg_address *addresses;
	size_t n;

	if (!wg_address_list(nl, 0, &addresses, &n))
		for (size_t i = 0; i < n; i++)
			check_prefix(&addresses[i].prefix);
	free(addresses);
}

static void list_routes(struct wg_netlink *nl)
{
	struct wg_route *routes;
	size_t n;

	if (!wg_route_list(nl, WG_FAMILY_NONE, 0, &routes, &n))
		for (size_t i = 0; i < n; i++)
			check_prefix(&routes[i].dst);
	free(routes);
}

static void list_rules(struct wg_netlink *nl)
{
	struct wg_rule *rules;
	size_t n;

	if (!wg_rule_list(nl, WG_FAMILY_NONE, &rules, &n))
		for (size_t i = 0; i < n; i++)
			assert(rules[i].family != WG_FAMILY_NONE);
	free(rules);
}

static void list_proxies(struct wg_netlink *nl)
{
	struct wg_neigh_proxy *proxies;
	size_t n;

	if (!wg_neigh_proxy_list(nl, &proxies, &n))
		for (size_t i = 0; i < n; i++)
			assert(proxies[i].ip.family != WG_FAMILY_NONE);
	free(proxies);
}

static void look_up(struct wg_netlink *nl)
{
	const struct wg_ip to = {WG_FAMILY_IPV4, {192, 0, 2, 1}};
	struct wg_route route;

	if (!wg_route_lookup(nl, &to, 7, &route))
		check_prefix(&route.dst);
}

static void find(struct wg_netlink *nl)
{
	struct wg_link link;

	if (!wg_link_find(nl, "wg0", &link))
		check_link(&link);
}

static void change(struct wg_netlink *nl)
{
	assert(wg_link_set_up(nl, 1, true) <= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const questions[])(struct wg_netlink * nl) = {
		list_links,   list_addresses, list_routes, list_rules,
		list_proxies, look_up,        find,        change,
	};
	static struct wg_netlink *nl;

	if (!len || (!nl && wg_netlink_open(&nl)))
		return 0;
	kernel.data = data + 1;
	kernel.len = len - 1;
	questions[data[0] % (sizeof(questions) / sizeof(questions[0]))](nl);
	assert(strlen(wg_netlink_error(nl)) < 256);
	return 0;
}
