#include "route/neigh.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "route/message.h"

static bool read_proxy(const struct nlmsghdr *nlh, void *item, const void *ctx)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(nlh);
	struct wg_neigh_proxy *proxy = item;
	struct wg_message msg;

	(void)ctx;
	if (nlh->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(nlh) < sizeof(*info) ||
	    !(info->ndm_flags & NTF_PROXY))
		return false;
	wg_message_parse(&msg, nlh, sizeof(*info));
	proxy->link = (uint32_t)info->ndm_ifindex;
	proxy->ip = wg_message_ip(msg.attrs[NDA_DST], info->ndm_family);
	return proxy->ip.family != WG_FAMILY_NONE;
}

static void begin(struct wg_netlink *nl, int type, int flags, const struct wg_neigh_proxy *proxy)
{
	struct ndmsg info = {
		.ndm_family = wg_message_af(proxy->ip.family),
		.ndm_ifindex = (int)proxy->link,
		.ndm_flags = NTF_PROXY,
	};

	wg_message_put_ip(wg_message_begin(nl, type, flags, &info, sizeof(info)), NDA_DST,
			  &proxy->ip);
}

int wg_neigh_proxy_add(struct wg_netlink *nl, const struct wg_neigh_proxy *proxy)
{
	begin(nl, RTM_NEWNEIGH, NLM_F_CREATE, proxy);
	return wg_message_do(nl);
}

int wg_neigh_proxy_delete(struct wg_netlink *nl, const struct wg_neigh_proxy *proxy)
{
	begin(nl, RTM_DELNEIGH, 0, proxy);
	return wg_message_do(nl);
}

int wg_neigh_proxy_list(struct wg_netlink *nl, struct wg_neigh_proxy **proxies, size_t *n)
{
	struct ndmsg info = {.ndm_flags = NTF_PROXY};
	void *items;
	int r;

	wg_message_begin(nl, RTM_GETNEIGH, 0, &info, sizeof(info));
	r = wg_message_list(nl, read_proxy, NULL, sizeof(**proxies), &items, n);
	*proxies = items;
	return r;
}

int wg_neigh_proxy_exists(struct wg_netlink *nl, const struct wg_neigh_proxy *proxy)
{
	struct wg_neigh_proxy *proxies;
	bool found = false;
	size_t n;
	int r;

	r = wg_neigh_proxy_list(nl, &proxies, &n);
	if (r)
		return r;
	for (size_t i = 0; i < n && !found; i++)
		found = proxies[i].link == proxy->link && wg_ip_equal(&proxies[i].ip, &proxy->ip);
	free(proxies);
	return found;
}
