package config

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"time"

	"hooksnare/pkg/safefile"
)

// Loaded is a configuration with what it was made of.
type Loaded struct {
	Config  Config
	Sources Sources
	Files   Files
}

// Files are the property lists that a configuration is made of, the strongest first: the managed
// and the local file, or the one that was named. The file of exceptions is none of them.
type Files []FileContent

// FileContent is a file as it was read.
type FileContent struct {
	Layer    Layer     `json:"layer"`
	Content  []byte    `json:"content"`
	Modified time.Time `json:"modified"`
}

// Digest returns the SHA-256 of the files, one after the other, in hex: what cat FILE... | shasum -a
// 256 prints. It is "" without any file.
func (f Files) Digest() string {
	if len(f) == 0 {
		return ""
	}
	h := sha256.New()
	for i := range f {
		h.Write(f[i].Content)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Modified returns when a file was changed last, the zero time without any file.
func (f Files) Modified() (last time.Time) {
	for i := range f {
		if at := f[i].Modified; at.After(last) {
			last = at
		}
	}
	return last
}

func (f Files) of(layer Layer) FileContent {
	for i := range f {
		if f[i].Layer == layer {
			return f[i]
		}
	}
	return FileContent{Layer: layer}
}

// paths returns the paths of the files, by layer.
func (o Options) paths() map[Layer]string {
	if root, err := filepath.Abs(o.Root); o.Root != "" && err == nil {
		o.Root = root // as Read does
	}
	paths := map[Layer]string{Own: ExceptionsPath(o.Root)}
	if o.File != "" {
		paths[File] = o.File
		return paths
	}
	paths[Local], paths[Managed] = filepath.Join("/", o.Root, LocalFile), filepath.Join("/", o.Root, ManagedFile)
	return paths
}

// Versions tells whether a file may have changed since they were read: they differ then.
type Versions [3]safefile.FileVersion

// Versions returns the versions of the files that are on the disk now.
func (o Options) Versions() (v Versions) {
	paths := o.paths()
	for i, layer := range []Layer{File, Managed, Local} {
		if path := paths[layer]; path != "" {
			v[i], _ = safefile.Lstat(path) // zero where it is not there
		}
	}
	return v
}

// FaultsOfFiles returns those faults of a configuration that its files have: not what the command
// line and the environment say, which do not change while a process runs, and not the exceptions of
// their own file, each of which counts by itself.
func FaultsOfFiles(o Options, all error) (faults []error) {
	paths := o.paths()
	for _, err := range Faults(all) {
		if e, ok := err.(*Error); !ok || e.File == paths[File] || e.File == paths[Managed] || e.File == paths[Local] {
			faults = append(faults, err)
		}
	}
	return faults
}

// Restarting returns the keys by which two configurations differ and for which sensors have to start
// again: what reads eslogger and preferences is made of them.
func Restarting(before, after Config) (keys []string) {
	for name, differs := range map[string]bool{
		"EsloggerPath":   before.EsloggerPath != after.EsloggerPath,
		"EsloggerEvents": !slices.Equal(before.EsloggerEvents, after.EsloggerEvents),
		"CanaryInterval": before.CanaryInterval != after.CanaryInterval,
		"SweepInterval":  before.SweepInterval != after.SweepInterval,
		"ExtraHomes":     !slices.Equal(before.ExtraHomes, after.ExtraHomes),
	} {
		if differs {
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}
