#include "core/mss.h"

#include "base/bytes.h"
#include "core/inner.h"

#define IPV4_HEADER_LEN 20u
#define IPV6_HEADER_LEN 40u
#define TCP_HEADER_LEN  20u
#define PROTO_TCP       6
#define TCP_SYN         2
#define OPTION_END      0
#define OPTION_NOP      1
#define OPTION_MSS      2
#define OPTION_MSS_LEN  4

/* Where the TCP header begins, or 0 for a packet that is no first fragment of TCP. IPv6
 * extension headers are not looked behind: SYNs do not have them. */
static uint32_t find_tcp(const struct wg_packet *packet)
{
	switch (wg_inner_version(packet)) {
	case 4:
		if (packet->data[9] != PROTO_TCP || (wg_load_be16(packet->data + 6) & 0x1fff))
			return 0;
		return (packet->data[0] & 15u) * 4;
	case 6:
		return packet->data[6] == PROTO_TCP ? IPV6_HEADER_LEN : 0;
	}
	return 0;
}

/* The option's value in a SYN's header of len bytes, or NULL. */
static uint8_t *find_option(uint8_t *tcp, uint32_t len)
{
	uint32_t at = TCP_HEADER_LEN;

	while (at + OPTION_MSS_LEN <= len && tcp[at] != OPTION_END) {
		if (tcp[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (tcp[at] == OPTION_MSS && tcp[at + 1] == OPTION_MSS_LEN)
			return tcp + at + 2;
		if (tcp[at + 1] < 2)
			return NULL;
		at += tcp[at + 1];
	}
	return NULL;
}

/* RFC 1624, equation 3. A value at an odd offset is summed with its bytes swapped. */
static void replace(uint8_t *tcp, uint8_t *value, uint16_t with)
{
	bool odd = (value - tcp) & 1;
	uint16_t before = wg_load_be16(value);
	uint32_t sum = (uint16_t)~wg_load_be16(tcp + 16);

	sum += (uint16_t) ~(odd ? __builtin_bswap16(before) : before);
	sum += odd ? __builtin_bswap16(with) : with;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	wg_store_be16(tcp + 16, (uint16_t)~sum);
	wg_store_be16(value, with);
}

bool wg_mss_clamp(struct wg_packet *packet, uint32_t mtu)
{
	uint32_t at = find_tcp(packet);
	uint32_t ip_len = packet->len && packet->data[0] >> 4 == 4 ? IPV4_HEADER_LEN
								   : IPV6_HEADER_LEN;
	uint32_t tcp_len;
	uint8_t *value;
	uint8_t *tcp;

	if (!at || mtu <= ip_len + TCP_HEADER_LEN || at + TCP_HEADER_LEN > packet->len)
		return false;
	tcp = packet->data + at;
	tcp_len = (tcp[12] >> 4) * 4u;
	if (!(tcp[13] & TCP_SYN) || tcp_len < TCP_HEADER_LEN || at + tcp_len > packet->len)
		return false;
	value = find_option(tcp, tcp_len);
	if (!value || wg_load_be16(value) <= mtu - ip_len - TCP_HEADER_LEN)
		return false;
	replace(tcp, value, (uint16_t)(mtu - ip_len - TCP_HEADER_LEN));
	return true;
}
