"""What a disk may hold after a power cut, by the log of preload/powercut.c.

A file keeps what was written before its last fsync(2) or fdatasync(2); of what
came later each sector of 512 bytes may be there, be missing, or be garbage.  A
directory keeps what was made, renamed or removed in it before its own last
fsync(2), and the fsync(2) of a file says nothing of its name; of what came
later each change is there or not.  A rename is one change, of both
directories.  A directory that was made is a change of the one above it, so
that all that is in it may go.  That is less than most file systems promise, and
all that POSIX does.
"""

import glob
import os
import struct

HEAD = struct.Struct('<QQqIIII')
(START, OPEN, WRITE, SYNC, RENAME, LINK, UNLINK, MKDIR, RMDIR, TRUNCATE, SEEK,
 OUT, EXIT, NET) = range(1, 15)
SECTOR = 512


class Event:
    __slots__ = ('seq', 'handle', 'number', 'pid', 'kind', 'one', 'two')

    def __init__(self, seq, handle, number, pid, kind, one, two):
        self.seq, self.handle, self.number = seq, handle, number
        self.pid, self.kind, self.one, self.two = pid, kind, one, two


def read_log(directory):
    """All events of all processes, in order."""
    events = []
    for path in glob.glob(directory + '/*.log'):
        with open(path, 'rb') as f:
            data = f.read()
        at = 0
        while at + HEAD.size <= len(data):
            seq, handle, number, pid, kind, len1, len2 = HEAD.unpack_from(
                data, at)
            at += HEAD.size
            if at + len1 + len2 > len(data):
                break       # its writer was killed
            events.append(Event(seq, handle, number, pid, kind,
                                data[at:at + len1],
                                data[at + len1:at + len1 + len2]))
            at += len1 + len2
    events.sort(key=lambda e: e.seq)
    return events


class File:
    def __init__(self):
        self.durable = bytearray()
        self.pending = []       # (offset, bytes), or (length, None)
        self.size = 0

    def write(self, at, data):
        self.pending.append((at, data))
        self.size = max(self.size, at + len(data))

    def truncate(self, length):
        self.pending.append((length, None))
        self.size = length

    def sync(self):
        for at, data in self.pending:
            put(self.durable, at, data)
        self.pending = []

    def whole(self):
        """As a program sees it."""
        content = bytearray(self.durable)
        for at, data in self.pending:
            put(content, at, data)
        return bytes(content)

    def after(self, rng, mode):
        """As a cut may leave it."""
        if mode == 'all':
            return self.whole()
        content = bytearray(self.durable)
        if mode == 'none':
            return bytes(content)
        for at, data in self.pending:
            if data is None:
                if rng.random() < 0.5:
                    put(content, at, None)
                continue
            for piece in sectors(at, data):
                fate = rng.random()
                if fate < 0.5:
                    put(content, *piece)
                elif fate < 0.6:
                    put(content, piece[0], rng.randbytes(len(piece[1])))
        return bytes(content)


def put(content, at, data):
    if data is None:
        if at < len(content):
            del content[at:]
        else:
            content.extend(bytes(at - len(content)))
        return
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at:at + len(data)] = data


def sectors(at, data):
    start = 0
    while start < len(data):
        end = min(len(data), start + SECTOR - (at + start) % SECTOR)
        yield at + start, data[start:end]
        start = end


class Directory:
    def __init__(self):
        self.now = {}           # name -> File or Directory


class Change:
    """Of one directory, or a rename of two."""
    __slots__ = ('steps', 'synced')

    def __init__(self, *steps):
        self.steps = steps      # (directory, name, object or None)
        self.synced = False


class Disk:
    """The files below `root`, and what of them is on the disk."""

    def __init__(self, root):
        self.root = root
        self.top = Directory()
        self.changes = []       # in order
        self.open = {}          # handle -> [object, position, appends]

    def covers(self, path):
        return path == self.root or path.startswith(self.root + '/')

    def split(self, path):
        """The directory that a path is in, and the name there."""
        at = self.top
        parts = [p for p in path[len(self.root):].split('/') if p]
        for part in parts[:-1]:
            at = at.now.get(part)
            if not isinstance(at, Directory):
                return None, None
        return (at, parts[-1]) if parts else (None, None)

    def find(self, path):
        if path == self.root:
            return self.top
        directory, name = self.split(path)
        return directory.now.get(name) if directory else None

    def change(self, *steps):
        for directory, name, thing in steps:
            if thing is None:
                directory.now.pop(name, None)
            else:
                directory.now[name] = thing
        self.changes.append(Change(*steps))

    def apply(self, e):
        handler = self.HANDLERS.get(e.kind)
        if handler:
            handler(self, e)

    def on_open(self, e):
        path = os.path.normpath(os.fsdecode(e.one))
        if not self.covers(path):
            return
        thing = self.find(path)
        if thing is None:
            directory, name = self.split(path)
            if directory is None or not e.number & os.O_CREAT:
                return
            thing = File()
            self.change((directory, name, thing))
        if isinstance(thing, File) and e.number & os.O_TRUNC and thing.size:
            thing.truncate(0)
        self.open[e.handle] = [thing, 0, bool(e.number & os.O_APPEND)]

    def on_write(self, e):
        opened = self.open.get(e.handle)
        if not opened:
            return
        thing, position, appends = opened
        at = e.number
        if at == -1:
            at = thing.size if appends else position
            opened[1] = at + len(e.one)
        thing.write(at, e.one)

    def on_seek(self, e):
        if e.handle in self.open:
            self.open[e.handle][1] = e.number

    def on_truncate(self, e):
        if e.handle in self.open:
            self.open[e.handle][0].truncate(e.number)

    def on_sync(self, e):
        opened = self.open.get(e.handle)
        if not opened:
            return
        thing = opened[0]
        if isinstance(thing, File):
            thing.sync()
            return
        for change in self.changes:
            if not change.synced:
                change.synced = any(d is thing for d, _, _ in change.steps)

    def on_rename(self, e):
        old, new = (os.path.normpath(os.fsdecode(p)) for p in (e.one, e.two))
        if not self.covers(old) or not self.covers(new):
            return
        thing = self.find(old)
        (from_dir, from_name), (to_dir, to_name) = self.split(old), \
            self.split(new)
        if thing is not None and to_dir is not None:
            self.change((from_dir, from_name, None),
                        (to_dir, to_name, thing))

    def on_link(self, e):
        old, new = (os.path.normpath(os.fsdecode(p)) for p in (e.one, e.two))
        if not self.covers(new):
            return
        thing = self.find(old)
        directory, name = self.split(new)
        if thing is not None and directory is not None:
            self.change((directory, name, thing))

    def on_remove(self, e):
        path = os.path.normpath(os.fsdecode(e.one))
        if not self.covers(path):
            return
        directory, name = self.split(path)
        if directory is not None:
            self.change((directory, name, None))

    def on_mkdir(self, e):
        path = os.path.normpath(os.fsdecode(e.one))
        if not self.covers(path):
            return
        directory, name = self.split(path)
        if directory is not None:
            self.change((directory, name, Directory()))

    HANDLERS = {OPEN: on_open, WRITE: on_write, SEEK: on_seek,
                TRUNCATE: on_truncate, SYNC: on_sync, RENAME: on_rename,
                LINK: on_link, UNLINK: on_remove, RMDIR: on_remove,
                MKDIR: on_mkdir}

    def after(self, rng, mode):
        """Which names the directories have: {directory: {name: object}}."""
        names = {}
        for change in self.changes:
            stays = change.synced or mode == 'all' or (
                mode == 'some' and rng.random() < 0.5)
            if not stays:
                continue
            for directory, name, thing in change.steps:
                there = names.setdefault(id(directory), {})
                if thing is None:
                    there.pop(name, None)
                else:
                    there[name] = thing
        return names

    def files_after(self, rng, mode):
        """What a cut leaves: {path below root: bytes, or None: directory}."""
        names = self.after(rng, mode)
        result, contents = {}, {}

        def walk(directory, prefix):
            for name, thing in names.get(id(directory), {}).items():
                path = prefix + name
                if isinstance(thing, Directory):
                    result[path] = None
                    walk(thing, path + '/')
                else:
                    # Two names of one file have the same in it.
                    if id(thing) not in contents:
                        contents[id(thing)] = thing.after(rng, mode)
                    result[path] = contents[id(thing)]
        walk(self.top, '')
        return result

    def unsynced(self, path, erases=False):
        """Whether the file `path` has been written and not synced; `erases`:
        by who had something to take away."""
        thing = self.find(path)
        if path.endswith('-wal') and thing and not thing.size and not erases:
            # Emptied when all of it was in the database: SQLite itself does
            # not sync that, since what comes back is what is there.
            return self.unsynced(path[:-len('-wal')])
        # Emptied once more is no change.
        return isinstance(thing, File) and bool(thing.pending) and (
            not erases or thing.whole() != bytes(thing.durable))


def load_tree(disk, directory):
    """Takes what lies in `directory` as it is; all of it is on the disk."""
    def walk(into, path):
        for entry in os.scandir(path):
            if entry.is_dir(follow_symlinks=False):
                thing = Directory()
                walk(thing, entry.path)
            else:
                thing = File()
                with open(entry.path, 'rb') as f:
                    thing.write(0, f.read())
                thing.sync()
            disk.change((into, entry.name, thing))
            disk.changes[-1].synced = True
    walk(disk.top, directory)


def write_tree(files, directory, rng):
    """Makes files of what files_after() gives."""
    os.makedirs(directory, exist_ok=True)
    for path, content in sorted(files.items()):
        full = os.path.join(directory, path)
        if content is None:
            os.makedirs(full, exist_ok=True)
            continue
        if path.endswith('-shm'):
            # Mapped memory, never synced: it may hold anything.
            content = rng.randbytes(32768)
        with open(full, 'wb') as f:
            # As the programs make them: the recorder keeps no modes.
            os.fchmod(f.fileno(), 0o640)
            f.write(content)
