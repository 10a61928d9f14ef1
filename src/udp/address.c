#include "udp/address.h"

#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>

#include "udp/socket.h"

socklen_t wg_udp_name_set(union wg_udp_name *name, const struct wg_endpoint *endpoint)
{
	memset(name, 0, sizeof(*name));
	if (endpoint->ip.family == WG_FAMILY_IPV4) {
		name->ipv4.sin_family = AF_INET;
		name->ipv4.sin_port = htons(endpoint->port);
		memcpy(&name->ipv4.sin_addr, endpoint->ip.bytes, sizeof(name->ipv4.sin_addr));
		return sizeof(name->ipv4);
	}
	name->ipv6.sin6_family = AF_INET6;
	name->ipv6.sin6_port = htons(endpoint->port);
	name->ipv6.sin6_scope_id = endpoint->scope;
	memcpy(&name->ipv6.sin6_addr, endpoint->ip.bytes, sizeof(name->ipv6.sin6_addr));
	return sizeof(name->ipv6);
}

void wg_udp_name_get(const union wg_udp_name *name, struct wg_endpoint *endpoint)
{
	*endpoint = (struct wg_endpoint){0};
	if (name->any.sa_family == AF_INET) {
		endpoint->ip.family = WG_FAMILY_IPV4;
		endpoint->port = ntohs(name->ipv4.sin_port);
		memcpy(endpoint->ip.bytes, &name->ipv4.sin_addr, sizeof(name->ipv4.sin_addr));
		return;
	}
	endpoint->ip.family = WG_FAMILY_IPV6;
	endpoint->port = ntohs(name->ipv6.sin6_port);
	endpoint->scope = name->ipv6.sin6_scope_id;
	memcpy(endpoint->ip.bytes, &name->ipv6.sin6_addr, sizeof(name->ipv6.sin6_addr));
}

/* CMSG_NXTHDR looks at the length of a message that is not there yet, so the place
 * is counted here. */
static void put(struct msghdr *header, int level, int type, const void *value, size_t len)
{
	struct cmsghdr *cmsg =
		(struct cmsghdr *)(void *)((uint8_t *)header->msg_control + header->msg_controllen);

	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cmsg), value, len);
	header->msg_controllen += CMSG_SPACE(len);
}

/* Pins the address only. With the interface as well, packets would keep leaving by
 * the old link after the route has changed. */
static void put_source(struct msghdr *header, const struct wg_ip *ip)
{
	struct in_pktinfo info4 = {0};
	struct in6_pktinfo info6 = {0};

	if (ip->family == WG_FAMILY_IPV4) {
		memcpy(&info4.ipi_spec_dst, ip->bytes, sizeof(info4.ipi_spec_dst));
		put(header, IPPROTO_IP, IP_PKTINFO, &info4, sizeof(info4));
	} else {
		memcpy(&info6.ipi6_addr, ip->bytes, sizeof(info6.ipi6_addr));
		put(header, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
	}
}

void wg_udp_control_set(struct msghdr *header, struct wg_udp_control *control,
			enum wg_family family, const struct wg_udp_attributes *attributes)
{
	int ds = attributes->ds;

	header->msg_control = control->bytes;
	header->msg_controllen = 0;
	if (attributes->local.family == family)
		put_source(header, &attributes->local);
	if (ds && family == WG_FAMILY_IPV4)
		put(header, IPPROTO_IP, IP_TOS, &ds, sizeof(ds));
	if (ds && family == WG_FAMILY_IPV6)
		put(header, IPPROTO_IPV6, IPV6_TCLASS, &ds, sizeof(ds));
	if (attributes->segment_len)
		put(header, SOL_UDP, UDP_SEGMENT, &attributes->segment_len,
		    sizeof(attributes->segment_len));
	if (!header->msg_controllen)
		header->msg_control = NULL;
}

/* An address that a datagram to a group or to everybody was sent to cannot be answered
 * from. */
static void get_source4(const struct cmsghdr *cmsg, struct wg_ip *local)
{
	struct in_pktinfo info;

	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	if (info.ipi_spec_dst.s_addr != htonl(INADDR_ANY))
		*local = wg_ip_from_bytes(WG_FAMILY_IPV4, (const uint8_t *)&info.ipi_spec_dst);
}

static void get_source6(const struct cmsghdr *cmsg, struct wg_ip *local)
{
	struct in6_pktinfo info;

	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
		*local = wg_ip_from_bytes(WG_FAMILY_IPV6, info.ipi6_addr.s6_addr);
}

static int get_int(const struct cmsghdr *cmsg)
{
	int value = 0;

	if (cmsg->cmsg_len >= CMSG_LEN(sizeof(value)))
		memcpy(&value, CMSG_DATA(cmsg), sizeof(value));
	return value;
}

static void get(const struct cmsghdr *cmsg, struct wg_udp_attributes *attributes)
{
	int level = cmsg->cmsg_level;
	int type = cmsg->cmsg_type;

	if (level == IPPROTO_IP && type == IP_PKTINFO)
		get_source4(cmsg, &attributes->local);
	else if (level == IPPROTO_IPV6 && type == IPV6_PKTINFO)
		get_source6(cmsg, &attributes->local);
	else if (level == IPPROTO_IP && type == IP_TOS)
		attributes->ds = *CMSG_DATA(cmsg); /* a byte when received */
	else if (level == IPPROTO_IPV6 && type == IPV6_TCLASS)
		attributes->ds = (uint8_t)get_int(cmsg);
	else if (level == SOL_UDP && type == UDP_GRO)
		attributes->segment_len = (uint16_t)get_int(cmsg);
}

void wg_udp_control_get(struct msghdr *header, struct wg_udp_attributes *attributes)
{
	*attributes = (struct wg_udp_attributes){0};
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg))
		get(cmsg, attributes);
}
