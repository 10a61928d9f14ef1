/* Endpoints and paths as the socket interface wants them: socket addresses and control
 * messages. Only this folder includes it. */
#ifndef WG_UDP_ADDRESS_H
#define WG_UDP_ADDRESS_H

#include <netinet/in.h>
#include <stdalign.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/endpoint.h"

union wg_udp_name {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

/* Returns its length. */
socklen_t wg_udp_name_set(union wg_udp_name *name, const struct wg_endpoint *endpoint);
void wg_udp_name_get(const union wg_udp_name *name, struct wg_endpoint *endpoint);

/* Room for all that is ever sent or asked for: source, DS field, segment size. */
struct wg_udp_control {
	alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
					      CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(int))];
};

/* The control messages that go along with a datagram. */
struct wg_udp_attributes {
	struct wg_ip local; /* WG_FAMILY_NONE: unknown, or the system's choice */
	uint8_t ds;
	uint16_t segment_len; /* of each datagram except for the last; 0: there is only one */
};

/* Writes control messages for a datagram to an address of that family and points the
 * header at them. */
void wg_udp_control_set(struct msghdr *header, struct wg_udp_control *control,
			enum wg_family family, const struct wg_udp_attributes *attributes);

/* Reads those that came with a datagram. */
void wg_udp_control_get(struct msghdr *header, struct wg_udp_attributes *attributes);

#endif
