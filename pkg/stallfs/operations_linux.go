package stallfs

import "github.com/hanwen/go-fuse/v2/fuse"

// stallable passes every operation of a file system through a gate. Only to close a file does
// not wait: it does not on a disk, and a process that closes its files as it ends can't be killed.
type stallable struct {
	fuse.RawFileSystem
	gate *gate
}

// enter waits until an operation may go on.
func (s *stallable) enter(cancel <-chan struct{}, h *fuse.InHeader) bool {
	return s.gate.pass(cancel, func() bool { return isDying(h.Pid) })
}

// Lookup waits for the gate.
func (s *stallable) Lookup(cancel <-chan struct{}, header *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	if !s.enter(cancel, header) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Lookup(cancel, header, name, out)
}

// GetAttr waits for the gate.
func (s *stallable) GetAttr(cancel <-chan struct{}, input *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.GetAttr(cancel, input, out)
}

// SetAttr waits for the gate.
func (s *stallable) SetAttr(cancel <-chan struct{}, input *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.SetAttr(cancel, input, out)
}

// Mknod waits for the gate.
func (s *stallable) Mknod(cancel <-chan struct{}, input *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Mknod(cancel, input, name, out)
}

// Mkdir waits for the gate.
func (s *stallable) Mkdir(cancel <-chan struct{}, input *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Mkdir(cancel, input, name, out)
}

// Unlink waits for the gate.
func (s *stallable) Unlink(cancel <-chan struct{}, header *fuse.InHeader, name string) fuse.Status {
	if !s.enter(cancel, header) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Unlink(cancel, header, name)
}

// Rmdir waits for the gate.
func (s *stallable) Rmdir(cancel <-chan struct{}, header *fuse.InHeader, name string) fuse.Status {
	if !s.enter(cancel, header) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Rmdir(cancel, header, name)
}

// Rename waits for the gate.
func (s *stallable) Rename(cancel <-chan struct{}, input *fuse.RenameIn, oldName string, newName string) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Rename(cancel, input, oldName, newName)
}

// Link waits for the gate.
func (s *stallable) Link(cancel <-chan struct{}, input *fuse.LinkIn, filename string, out *fuse.EntryOut) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Link(cancel, input, filename, out)
}

// Symlink waits for the gate.
func (s *stallable) Symlink(cancel <-chan struct{}, header *fuse.InHeader, pointedTo string, linkName string, out *fuse.EntryOut) fuse.Status {
	if !s.enter(cancel, header) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Symlink(cancel, header, pointedTo, linkName, out)
}

// Readlink waits for the gate.
func (s *stallable) Readlink(cancel <-chan struct{}, header *fuse.InHeader) ([]byte, fuse.Status) {
	if !s.enter(cancel, header) {
		return nil, fuse.EINTR
	}
	return s.RawFileSystem.Readlink(cancel, header)
}

// Access waits for the gate.
func (s *stallable) Access(cancel <-chan struct{}, input *fuse.AccessIn) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Access(cancel, input)
}

// GetXAttr waits for the gate.
func (s *stallable) GetXAttr(cancel <-chan struct{}, header *fuse.InHeader, attr string, dest []byte) (uint32, fuse.Status) {
	if !s.enter(cancel, header) {
		return 0, fuse.EINTR
	}
	return s.RawFileSystem.GetXAttr(cancel, header, attr, dest)
}

// ListXAttr waits for the gate.
func (s *stallable) ListXAttr(cancel <-chan struct{}, header *fuse.InHeader, dest []byte) (uint32, fuse.Status) {
	if !s.enter(cancel, header) {
		return 0, fuse.EINTR
	}
	return s.RawFileSystem.ListXAttr(cancel, header, dest)
}

// SetXAttr waits for the gate.
func (s *stallable) SetXAttr(cancel <-chan struct{}, input *fuse.SetXAttrIn, attr string, data []byte) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.SetXAttr(cancel, input, attr, data)
}

// RemoveXAttr waits for the gate.
func (s *stallable) RemoveXAttr(cancel <-chan struct{}, header *fuse.InHeader, attr string) fuse.Status {
	if !s.enter(cancel, header) {
		return fuse.EINTR
	}
	return s.RawFileSystem.RemoveXAttr(cancel, header, attr)
}

// Create waits for the gate.
func (s *stallable) Create(cancel <-chan struct{}, input *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Create(cancel, input, name, out)
}

// Tmpfile waits for the gate.
func (s *stallable) Tmpfile(cancel <-chan struct{}, input *fuse.CreateIn, out *fuse.CreateOut) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Tmpfile(cancel, input, out)
}

// Open waits for the gate.
func (s *stallable) Open(cancel <-chan struct{}, input *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Open(cancel, input, out)
}

// Read waits for the gate.
func (s *stallable) Read(cancel <-chan struct{}, input *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	if !s.enter(cancel, &input.InHeader) {
		return nil, fuse.EINTR
	}
	return s.RawFileSystem.Read(cancel, input, buf)
}

// Lseek waits for the gate.
func (s *stallable) Lseek(cancel <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) fuse.Status {
	if !s.enter(cancel, &in.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Lseek(cancel, in, out)
}

// GetLk waits for the gate.
func (s *stallable) GetLk(cancel <-chan struct{}, input *fuse.LkIn, out *fuse.LkOut) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.GetLk(cancel, input, out)
}

// SetLk waits for the gate.
func (s *stallable) SetLk(cancel <-chan struct{}, input *fuse.LkIn) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.SetLk(cancel, input)
}

// SetLkw waits for the gate.
func (s *stallable) SetLkw(cancel <-chan struct{}, input *fuse.LkIn) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.SetLkw(cancel, input)
}

// Write waits for the gate.
func (s *stallable) Write(cancel <-chan struct{}, input *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	if !s.enter(cancel, &input.InHeader) {
		return 0, fuse.EINTR
	}
	return s.RawFileSystem.Write(cancel, input, data)
}

// Writev waits for the gate.
func (s *stallable) Writev(cancel <-chan struct{}, input *fuse.WriteIn, data [][]byte) (uint32, fuse.Status) {
	if !s.enter(cancel, &input.InHeader) {
		return 0, fuse.EINTR
	}
	return s.RawFileSystem.Writev(cancel, input, data)
}

// CopyFileRange waits for the gate.
func (s *stallable) CopyFileRange(cancel <-chan struct{}, input *fuse.CopyFileRangeIn) (uint32, fuse.Status) {
	if !s.enter(cancel, &input.InHeader) {
		return 0, fuse.EINTR
	}
	return s.RawFileSystem.CopyFileRange(cancel, input)
}

// Ioctl waits for the gate.
func (s *stallable) Ioctl(cancel <-chan struct{}, input *fuse.IoctlIn, inbuf []byte, output *fuse.IoctlOut, outbuf []byte) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Ioctl(cancel, input, inbuf, output, outbuf)
}

// Fsync waits for the gate.
func (s *stallable) Fsync(cancel <-chan struct{}, input *fuse.FsyncIn) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Fsync(cancel, input)
}

// Fallocate waits for the gate.
func (s *stallable) Fallocate(cancel <-chan struct{}, input *fuse.FallocateIn) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Fallocate(cancel, input)
}

// OpenDir waits for the gate.
func (s *stallable) OpenDir(cancel <-chan struct{}, input *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.OpenDir(cancel, input, out)
}

// ReadDir waits for the gate.
func (s *stallable) ReadDir(cancel <-chan struct{}, input *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.ReadDir(cancel, input, out)
}

// ReadDirPlus waits for the gate.
func (s *stallable) ReadDirPlus(cancel <-chan struct{}, input *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.ReadDirPlus(cancel, input, out)
}

// FsyncDir waits for the gate.
func (s *stallable) FsyncDir(cancel <-chan struct{}, input *fuse.FsyncIn) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.FsyncDir(cancel, input)
}

// StatFs waits for the gate.
func (s *stallable) StatFs(cancel <-chan struct{}, input *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	if !s.enter(cancel, input) {
		return fuse.EINTR
	}
	return s.RawFileSystem.StatFs(cancel, input, out)
}

// Statx waits for the gate.
func (s *stallable) Statx(cancel <-chan struct{}, input *fuse.StatxIn, out *fuse.StatxOut) fuse.Status {
	if !s.enter(cancel, &input.InHeader) {
		return fuse.EINTR
	}
	return s.RawFileSystem.Statx(cancel, input, out)
}
