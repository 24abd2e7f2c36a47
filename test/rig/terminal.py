"""Runs a program in a pseudo-terminal: terminal.py COLUMNS ROWS PROGRAM ARGS…

What is read from stdin is typed into the terminal, what the program shows goes to stdout; exits as the program did.
"""
import fcntl, os, pty, select, struct, sys, termios

columns, rows, *command = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
    os.execvp(command[0], command)
sources = [fd, 0]
while True:
    ready, _, _ = select.select(sources, [], [])
    if 0 in ready:
        typed = os.read(0, 4096)
        if typed:
            os.write(fd, typed)
        else:
            sources.remove(0)
    if fd in ready:
        try:
            shown = os.read(fd, 65536)
        except OSError:
            shown = b""
        if not shown:
            break
        os.write(1, shown)
status = os.waitpid(pid, 0)[1]
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
