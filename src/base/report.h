/* The network's answer about a datagram that we sent, by ICMP (RFC 792) or ICMPv6 (RFC
 * 4443). Anybody can say it, so it is a hint for people and never a reason to do anything. */
#ifndef WG_BASE_REPORT_H
#define WG_BASE_REPORT_H

#include "base/endpoint.h"

enum wg_report_kind {
	WG_REPORT_NONE,
	WG_REPORT_PORT_CLOSED, /* nothing listens there, or a firewall says so */
	WG_REPORT_PROHIBITED,  /* a firewall forbids it */
	WG_REPORT_NO_HOST,     /* nobody has the address */
	WG_REPORT_NO_ROUTE,
	WG_REPORT_N_KINDS
};

struct wg_report {
	enum wg_report_kind kind;
	struct wg_endpoint to; /* the datagram's destination */
	struct wg_ip by;       /* the sender of the report */
};

#endif
