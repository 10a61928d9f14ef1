/* Who has a UDP port that could not be had, as far as one may look: its socket in
 * /proc/net, and the process that has it open (proc_pid_fd(5)). */
#ifndef WG_OS_PORTHOLDER_H
#define WG_OS_PORTHOLDER_H

#include <stdbool.h>
#include <stdint.h>

#define WG_PORTHOLDER_LEN 64

/* As "dnsmasq (process 123)"; false when it is not known. */
bool wg_portholder_find(char text[static WG_PORTHOLDER_LEN], uint16_t port);

/* Whether a line of /proc/net/udp or udp6 is of a socket at that port; *inode is the
 * socket's, and 0 when it is one of the kernel's own. Pure. */
bool wg_portholder_parse(unsigned long *inode, const char *line, uint16_t port);

#endif
