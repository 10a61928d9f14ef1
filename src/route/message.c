#include "route/message.h"

#include <string.h>
#include <sys/socket.h>

void wg_message_parse_span(struct wg_message *msg, const void *data, size_t len)
{
	const struct nlattr *attr = data;
	const char *end = (const char *)data + len;

	memset(msg, 0, sizeof(*msg));
	while (mnl_attr_ok(attr, (int)(end - (const char *)attr))) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type < WG_MESSAGE_MAX_ATTR)
			msg->attrs[type] = attr;
		attr = mnl_attr_next(attr);
	}
}

void wg_message_parse(struct wg_message *msg, const struct nlmsghdr *nlh, size_t len)
{
	size_t whole = mnl_nlmsg_get_payload_len(nlh);

	wg_message_parse_span(msg, mnl_nlmsg_get_payload_offset(nlh, len),
			      whole > MNL_ALIGN(len) ? whole - MNL_ALIGN(len) : 0);
}

void wg_message_parse_nested(struct wg_message *msg, const struct nlattr *nest)
{
	if (nest)
		wg_message_parse_span(msg, mnl_attr_get_payload(nest),
				      mnl_attr_get_payload_len(nest));
	else
		memset(msg, 0, sizeof(*msg));
}

uint32_t wg_message_u32(const struct nlattr *attr, uint32_t fallback)
{
	if (!attr || mnl_attr_get_payload_len(attr) < sizeof(uint32_t))
		return fallback;
	return mnl_attr_get_u32(attr);
}

struct wg_ip wg_message_ip(const struct nlattr *attr, uint8_t af)
{
	uint8_t family = wg_message_family(af);

	if (!attr || !wg_family_len(family) ||
	    mnl_attr_get_payload_len(attr) != wg_family_len(family))
		return (struct wg_ip){.family = WG_FAMILY_NONE};
	return wg_ip_from_bytes(family, mnl_attr_get_payload(attr));
}

void wg_message_put_ip(struct nlmsghdr *nlh, int type, const struct wg_ip *ip)
{
	mnl_attr_put(nlh, (uint16_t)type, wg_family_len(ip->family), ip->bytes);
}

uint8_t wg_message_af(uint8_t family)
{
	switch (family) {
	case WG_FAMILY_IPV4:
		return AF_INET;
	case WG_FAMILY_IPV6:
		return AF_INET6;
	}
	return AF_UNSPEC;
}

uint8_t wg_message_family(uint8_t af)
{
	return af == AF_INET ? WG_FAMILY_IPV4 : af == AF_INET6 ? WG_FAMILY_IPV6 : WG_FAMILY_NONE;
}
