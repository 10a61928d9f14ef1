#include "pair/codec.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/secret.h"
#include "pair/check.h"

/* Each message's length; of those with records, without any. */
static const size_t lengths[] = {
#define LENGTH(suffix, member) [WG_PAIR_##suffix] = sizeof(((union wg_pair_message *)0)->member),
	WG_PAIR_TO_ENGINE(LENGTH) WG_PAIR_TO_KEEPER(LENGTH)
#undef LENGTH
};
static_assert(WG_ARRAY_LEN(lengths) == WG_PAIR_N_TYPES, "one for each");

void wg_pair_datagram_init(struct wg_pair_datagram *datagram)
{
	datagram->len = 0;
	datagram->n_fds = 0;
}

void wg_pair_datagram_wipe(struct wg_pair_datagram *datagram)
{
	wg_wipe(datagram->bytes, datagram->len);
	wg_pair_datagram_init(datagram);
}

/* Where those that have records say how many. */
static uint32_t *count_of(union wg_pair_message *message)
{
	static_assert(offsetof(struct wg_pair_config_ips, n) == sizeof(struct wg_pair_header) &&
			      offsetof(struct wg_pair_ask_peers, n) ==
				      sizeof(struct wg_pair_header) &&
			      offsetof(struct wg_pair_peers, n) == sizeof(struct wg_pair_header),
		      "in the same place");
	return &message->config_ips.n;
}

union wg_pair_message *wg_pair_add(struct wg_pair_datagram *datagram, enum wg_pair_type type,
				   size_t n, uint64_t serial)
{
	size_t len = lengths[type] + n * wg_pair_record_len(type);
	union wg_pair_message *message;

	if (len > sizeof(datagram->bytes) - datagram->len)
		return NULL;
	message = (void *)(datagram->bytes + datagram->len);
	memset(message, 0, len);
	message->header.type = type;
	message->header.len = (uint32_t)len;
	message->header.serial = serial;
	if (wg_pair_record_len(type))
		*count_of(message) = (uint32_t)n;
	datagram->len += len;
	return message;
}

static bool may_come(uint32_t type, enum wg_pair_side to)
{
	if (to == WG_PAIR_ENGINE)
		return type > WG_PAIR_NOTHING && type <= WG_PAIR_END;
	return type > WG_PAIR_END && type < WG_PAIR_N_TYPES;
}

/* Its length, which is within what is left; 0: it is not valid. */
static size_t check_message(union wg_pair_message *message, size_t left, enum wg_pair_side to)
{
	size_t record_len;
	size_t len;

	if (left < sizeof(message->header) || !may_come(message->header.type, to))
		return 0;
	len = lengths[message->header.type];
	if (left < len)
		return 0;
	record_len = wg_pair_record_len(message->header.type);
	if (record_len) {
		uint32_t n = *count_of(message);

		if (!n || n > (left - len) / record_len)
			return 0;
		len += n * record_len;
	}
	return message->header.len == len && wg_pair_message_is_valid(message) ? len : 0;
}

int wg_pair_check(struct wg_pair_datagram *datagram, enum wg_pair_side to)
{
	size_t fds = datagram->n_fds;
	size_t at = 0;

	if (!datagram->len || datagram->len > sizeof(datagram->bytes))
		return -EPROTO;
	while (at < datagram->len) {
		union wg_pair_message *message = (void *)(datagram->bytes + at);
		size_t len = check_message(message, datagram->len - at, to);

		if (!len || wg_pair_wanted_fds(message) != fds)
			return -EPROTO;
		fds = 0; /* they were the first one's */
		at += len;
	}
	return 0;
}

const union wg_pair_message *wg_pair_next(const struct wg_pair_datagram *datagram, size_t *at)
{
	const union wg_pair_message *message = (const void *)(datagram->bytes + *at);

	if (*at == datagram->len)
		return NULL;
	*at += message->header.len;
	return message;
}

void wg_pair_set_text(char *dst, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	memcpy(dst, text, len);
	memset(dst + len, 0, size - len);
}

struct wg_pair_ip wg_pair_from_ip(const struct wg_ip *ip)
{
	struct wg_pair_ip out = {.family = ip->family};

	memcpy(out.bytes, ip->bytes, wg_family_len(ip->family));
	return out;
}

struct wg_pair_endpoint wg_pair_from_endpoint(const struct wg_endpoint *endpoint)
{
	bool is_set = endpoint->ip.family != WG_FAMILY_NONE;
	bool is_ipv6 = endpoint->ip.family == WG_FAMILY_IPV6;

	return (struct wg_pair_endpoint){.ip = wg_pair_from_ip(&endpoint->ip),
					 .port = is_set ? endpoint->port : 0,
					 .scope = is_ipv6 ? endpoint->scope : 0};
}

struct wg_ip wg_pair_to_ip(const struct wg_pair_ip *ip)
{
	return wg_ip_from_bytes((enum wg_family)ip->family, ip->bytes);
}

struct wg_endpoint wg_pair_to_endpoint(const struct wg_pair_endpoint *endpoint)
{
	return (struct wg_endpoint){.ip = wg_pair_to_ip(&endpoint->ip),
				    .port = endpoint->port,
				    .scope = endpoint->scope};
}
