/* SPDX-License-Identifier: MIT */
/*
 * finding.h: the one list of what can be the matter with a line.
 *
 * X(NAME, whose, text, advice, advice)
 *   whose   NONE: all is well; LINE: something between the two programs; TARGET: what is at the other end of it
 *   text    one clause, without a full stop
 *   advice  the next things to try, each a clause, the likeliest first; "" for none
 */
#ifndef KDIO_HOST_FINDING_H
#define KDIO_HOST_FINDING_H

#define KDIO_FINDING_TABLE(X) \
    X(WELL, NONE, "all is well", "", "") \
    X(BAD_TARGET, LINE, "the target is no string that gensio understands", \
      "write it like unix,PATH or tcp,HOST,PORT or serialdev,/dev/ttyUSB0,115200n81", \
      "gensio(5) lists all forms") \
    X(NO_DEVICE, LINE, "there is no such device, file or host", \
      "plug the adapter in and look at what `ls /dev/serial/by-id` and `dmesg` say", \
      "start what makes the socket, and compare its path") \
    X(NO_PERMISSION, LINE, "this user may not open it", \
      "join the group that `ls -l` shows for the device, often dialout, and log in again", \
      "run kdio as the user who owns the socket") \
    X(HELD, LINE, "another process holds it", \
      "end that process; `fuser DEVICE` names it: a terminal program, a getty or ModemManager", \
      "remove a stale lock in /var/lock if no process holds the device") \
    X(NOBODY_LISTENS, LINE, "nobody listens there", \
      "start the machine or the serial server", "compare host and port, or the path") \
    X(NO_CONNECTION, LINE, "it cannot be connected to", "look at what the system says about it: `dmesg`, `ping`", \
      "name a serial port for serialdev: a plain file is none") \
    X(CLOSED, LINE, "the other side closes the connection", \
      "look whether the serial server serves somebody else already", \
      "look whether the machine or its QEMU still runs") \
    X(SILENT, LINE, "nothing answers: not a byte came", \
      "look whether the target runs, and whether its stub uses the UART that this cable is in", \
      "try a null modem cable, as transmit and receive may not be crossed; a QEMU socket serves one client at a time") \
    X(NOISE, LINE, "noise: what comes is neither text nor a protocol, as with a wrong baud rate", \
      "try the other rates: 9600, 19200, 38400, 57600, 115200, 921600, with n81", \
      "compare the baud rate that the kernel gave its stub, or that the firmware set") \
    X(SEVEN_BITS, LINE, "the line carries seven bits of each byte", \
      "set 8 data bits and no parity (n81) at both ends and in everything between", "") \
    X(TELNET, LINE, "a telnet server is in between", "put telnet in front: telnet(rfc2217),tcp,HOST,PORT", \
      "set the port of the serial server to raw") \
    X(LOOP, LINE, "an echo: what is sent comes back, and nothing else", \
      "look for a loopback plug, or for a cable whose far end is open or goes to a terminal that echoes", \
      "switch off local echo in adapters and serial servers") \
    X(ONE_WAY, LINE, "a stub says hello, but does not hear this host", \
      "look at the transmit line of the cable: receive works", \
      "switch hardware flow control off: an RTS or CTS that nobody drives holds everything back") \
    X(DAMAGED, LINE, "a stub is there, but what is said arrives damaged", \
      "switch software flow control (XON/XOFF) off in everything between", \
      "try a lower rate, a shorter cable or another adapter") \
    X(EATEN, LINE, "the line eats bytes", \
      "11 and 13: switch software flow control (XON/XOFF) off; ff: use telnet(rfc2217) or a raw port", \
      "look for terminal settings in between: `stty raw -ixon -ixoff`, `picocom` and `screen` change bytes") \
    X(LOSSY, LINE, "the line loses or damages much", \
      "try a lower rate, a shorter cable, a ground connection or another adapter", \
      "look whether the kernel keeps interrupts off for long, if the stub counts overruns") \
    X(TAKEN, LINE, "another host uses the line", "end the other kdio, or wait for it", "") \
    X(TEXT, TARGET, "plain text of a kernel or firmware, and no kdio stub", \
      "look whether that kernel was built with the stub and gives it this UART", \
      "look whether the kernel has come as far as to start the stub") \
    X(SHELL, TARGET, "plain text of a shell or boot menu, and no kdio stub", \
      "boot the kernel that carries the stub", "look whether the stub has another UART than this console") \
    X(LOGIN, TARGET, "plain text with a login prompt, and no kdio stub", \
      "boot the kernel that carries the stub", \
      "stop the getty on this line if the kernel has the stub: both want the UART") \
    X(GDB, TARGET, "a gdb stub, and no kdio stub", "attach gdb to it: `target remote`", \
      "give kdio another line: QEMU's -serial and not its -gdb") \
    X(KD, TARGET, "a Windows kernel debugger (KD), and no kdio stub", "attach WinDbg to it", \
      "give kdio another UART than the one that debugport names") \
    X(VERSION, TARGET, "the stub speaks other versions of the protocol", \
      "build kdio and the stub from the same source", "") \
    X(STOPPED, TARGET, "the line is well, but the kernel is stopped, by a debugger, a breakpoint or its own fault", \
      "`kdio g` lets it run; `kdio r` and gdb (`kdio help gdbserver`) show what it was about", \
      "`kdio bl` lists the breakpoints, `kdio bc *` clears them") \
    X(STUB_FAULT, TARGET, "the line is well, but the stub itself faulted, and executes nothing more", \
      "restart the target; what its kernel says still comes: `kdio console`", \
      "look up in the kernel's symbols where it was: the kernel wrote over the stub, or unmapped what is its") \
    X(RESET, TARGET, "the target was reset meanwhile", "wait until it stays up, then ask again", "")

enum kdio_finding {
#define X(name, whose, text, advice, more) KDIO_FINDING_##name,
    KDIO_FINDING_TABLE(X)
#undef X
};

enum kdio_finding_whose { KDIO_FINDING_OF_NONE, KDIO_FINDING_OF_LINE, KDIO_FINDING_OF_TARGET };

#define KDIO_FINDING_ADVICE_COUNT 2u

enum kdio_finding_whose kdio_finding_whose(enum kdio_finding finding);
const char *kdio_finding_name(enum kdio_finding finding);
const char *kdio_finding_text(enum kdio_finding finding);
/* NULL where there is no such advice. */
const char *kdio_finding_advice(enum kdio_finding finding, unsigned index);

#endif
