#include "route/address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "route/message.h"

static bool read_address(const struct nlmsghdr *nlh, void *item, const void *ctx)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	const uint32_t *link = ctx;
	struct wg_address *address = item;
	const struct nlattr *ip;
	struct wg_message msg;
	uint32_t flags;

	if (nlh->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return false;
	if (*link && info->ifa_index != *link)
		return false;
	wg_message_parse(&msg, nlh, sizeof(*info));
	/* IFA_ADDRESS is the other end where the link has one. */
	ip = msg.attrs[IFA_LOCAL] ? msg.attrs[IFA_LOCAL] : msg.attrs[IFA_ADDRESS];
	flags = wg_message_u32(msg.attrs[IFA_FLAGS], info->ifa_flags);
	address->link = info->ifa_index;
	address->prefix.ip = wg_message_ip(ip, info->ifa_family);
	address->prefix.bits = info->ifa_prefixlen;
	address->nodad = flags & IFA_F_NODAD;
	address->tentative = flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED);
	return address->prefix.ip.family != WG_FAMILY_NONE &&
	       address->prefix.bits <= wg_family_bits(address->prefix.ip.family);
}

static void begin(struct wg_netlink *nl, int type, int flags, const struct wg_address *address)
{
	struct ifaddrmsg info = {
		.ifa_family = wg_message_af(address->prefix.ip.family),
		.ifa_prefixlen = address->prefix.bits,
		.ifa_index = address->link,
	};
	struct nlmsghdr *nlh = wg_message_begin(nl, type, flags, &info, sizeof(info));

	wg_message_put_ip(nlh, IFA_LOCAL, &address->prefix.ip);
	wg_message_put_ip(nlh, IFA_ADDRESS, &address->prefix.ip);
	if (address->nodad)
		mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_NODAD);
}

int wg_address_add(struct wg_netlink *nl, const struct wg_address *address)
{
	begin(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address);
	return wg_message_do(nl);
}

int wg_address_delete(struct wg_netlink *nl, const struct wg_address *address)
{
	begin(nl, RTM_DELADDR, 0, address);
	return wg_message_do(nl);
}

int wg_address_list(struct wg_netlink *nl, uint32_t link, struct wg_address **addresses, size_t *n)
{
	struct ifaddrmsg info = {.ifa_index = link};
	void *items;
	int r;

	wg_message_begin(nl, RTM_GETADDR, 0, &info, sizeof(info));
	r = wg_message_list(nl, read_address, &link, sizeof(**addresses), &items, n);
	*addresses = items;
	return r;
}
