package agent

import (
	"os"
	"path/filepath"
	"strings"
)

// Earlier versions kept files with this suffix in this folder of the state folder, for
// rules that counted events or looked for new ones.
const (
	memoryFolder = "rules"
	memorySuffix = ".memory"
)

// removeMemories removes what such a version has left, and logs it once. Whatever else
// lies in the folder stays: the state folder may be one that people use.
func (a *Agent) removeMemories() {
	folder, removed := filepath.Join(a.keeper.dir, memoryFolder), 0
	err := a.keeper.guard.Do("removal of files in "+folder, func() error {
		entries, err := os.ReadDir(folder)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), memorySuffix) || !e.Type().IsRegular() {
				continue
			}
			if err := os.Remove(filepath.Join(folder, e.Name())); err != nil {
				return err
			}
			removed++
		}
		if removed == len(entries) {
			return os.Remove(folder)
		}
		return nil
	}, nil)
	if removed > 0 || err != nil {
		a.log.Info().Err(err).Int("removed", removed).Str("folder", folder).
			Msg("removed what rules of types new_terms and threshold remembered: this version does not run them")
	}
}
