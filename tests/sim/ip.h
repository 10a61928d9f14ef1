/* Inner packets: what the simulation's links carry, built and taken apart without
 * any of the engine's own code. */
#ifndef WG_SIM_IP_H
#define WG_SIM_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"

/* Room for any packet a test builds. */
#define WG_SIM_IP_MAX 65535u

/* What an ICMP or ICMPv6 error says. */
struct wg_sim_ip_error {
	uint8_t type;
	uint8_t code;
	struct wg_ip from;
	struct wg_ip to;
	const uint8_t *quote; /* the packet it is about */
	size_t quote_len;
};

/* Bytes of the IP and UDP headers and the identifier: the least wg_sim_ip_udp makes
 * an identified packet of. */
size_t wg_sim_ip_min(uint8_t family);

/* Writes an IP packet of len bytes in all. A packet with room for it carries UDP
 * with id first in its payload; a shorter one is cut behind its IP header. */
void wg_sim_ip_udp(uint8_t *packet, const struct wg_ip *from, const struct wg_ip *to, uint8_t ds,
		   uint64_t id, size_t len);

/* Another protocol's payload behind the IP header. */
void wg_sim_ip_carry(uint8_t *packet, const struct wg_ip *from, const struct wg_ip *to,
		     uint8_t protocol, const void *payload, size_t payload_len);

/* The identifier of a packet that wg_sim_ip_udp made, or 0. */
uint64_t wg_sim_ip_id(const uint8_t *packet, size_t len);

uint8_t wg_sim_ip_ds(const uint8_t *packet);
void wg_sim_ip_set_ds(uint8_t *packet, uint8_t ds);

/* Recomputes an IPv4 header's checksum. */
void wg_sim_ip_seal(uint8_t *packet);

/* Whether the lengths fit, and an IPv4 header's checksum is right. */
bool wg_sim_ip_sound(const uint8_t *packet, size_t len);

/* Takes an ICMP or ICMPv6 error apart. False when it is none, or not sound. */
bool wg_sim_ip_parse_error(const uint8_t *packet, size_t len, struct wg_sim_ip_error *error);

#endif
