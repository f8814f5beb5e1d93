/* Numbers of the calls that only the emulated kernel has; they are never traced. */
#define PRIVATE_CLOCK_GETTIME       0x7f000000
#define PRIVATE_GETTIMEOFDAY        0x7f000001
#define PRIVATE_TIME                0x7f000002
#define PRIVATE_CLOCK_GETRES        0x7f000003
#define PRIVATE_GETCPU              0x7f000004
#define PRIVATE_CLOCK_GETTIME64     0x7f000005
