/* Where the fields of IP, TCP and UDP headers are, from the header's first byte. Only this
 * folder includes it. */
#ifndef WG_TUN_INET_H
#define WG_TUN_INET_H

/* RFC 791, section 3.1 */
#define WG_IPV4_LEN      20u /* without options */
#define WG_IPV4_DS       1u
#define WG_IPV4_TOTAL    2u
#define WG_IPV4_ID       4u
#define WG_IPV4_FRAGMENT 6u
#define WG_IPV4_TTL      8u
#define WG_IPV4_PROTOCOL 9u
#define WG_IPV4_CHECKSUM 10u
#define WG_IPV4_SOURCE   12u

#define WG_IPV4_DONT_FRAGMENT 0x4000u

/* RFC 8200, section 3 */
#define WG_IPV6_LEN     40u
#define WG_IPV6_PAYLOAD 4u
#define WG_IPV6_NEXT    6u
#define WG_IPV6_SOURCE  8u

#define WG_PROTOCOL_TCP 6u
#define WG_PROTOCOL_UDP 17u

/* RFC 9293, section 3.1 */
#define WG_TCP_LEN      20u /* without options */
#define WG_TCP_SEQ      4u
#define WG_TCP_ACK      8u
#define WG_TCP_OFFSET   12u
#define WG_TCP_FLAGS    13u
#define WG_TCP_WINDOW   14u
#define WG_TCP_CHECKSUM 16u
#define WG_TCP_URGENT   18u

#define WG_TCP_FIN      0x01u
#define WG_TCP_SYN      0x02u
#define WG_TCP_RST      0x04u
#define WG_TCP_PSH      0x08u
#define WG_TCP_ACK_FLAG 0x10u
#define WG_TCP_URG      0x20u
#define WG_TCP_ECE      0x40u
#define WG_TCP_CWR      0x80u

/* RFC 768 */
#define WG_UDP_LEN      8u
#define WG_UDP_LENGTH   4u
#define WG_UDP_CHECKSUM 6u

#endif
