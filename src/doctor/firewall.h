/* What nftables' rules, as `nft list ruleset` prints them, have to do with datagrams for a
 * UDP port of this host. Rules are not interpreted, only told apart: what drops by default
 * or says udp, and whether some rule accepts the port by its number. Only this folder
 * includes it. */
#ifndef WG_DOCTOR_FIREWALL_H
#define WG_DOCTOR_FIREWALL_H

#include <stddef.h>
#include <stdint.h>

/* What may drop such datagrams, "TABLE CHAIN: RULE; ..." (malloc'ed). NULL: nothing that
 * does was seen, or memory is out. A table that drops, but accepts the port by its
 * number, is left out. ruleset is len bytes of text. */
char *wg_firewall_suspects(const char *ruleset, size_t len, uint16_t port);

#endif
