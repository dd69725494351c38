package main

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/checkup"
	"hooksnare/agent/config"
	"hooksnare/agent/profile"
	"hooksnare/pkg/safefile"
)

func newProfile() *cobra.Command {
	group := newGroup("profile", "Write what an admin uploads to an MDM",
		`  hooksnare profile fda --team ABCDE12345 -o fda.mobileconfig
  hooksnare profile background --team ABCDE12345 -o background.mobileconfig
  hooksnare profile settings --config settings.plist -o settings.mobileconfig
  hooksnare profile jamf-schema -o hooksnare.json`,
		newProfileFDA(), newProfileBackground(), newProfileSettings(), newProfileSchema(), newProfileManifest())
	group.Long = `Writes configuration profiles, and forms for settings, to stdout or to a file. It works on any
machine and without root. The same flags give the same bytes, so that an MDM replaces a
profile instead of adding another. Profiles are not signed: an MDM signs them.`
	return group
}

// profileFile is the flags of every verb of profile.
type profileFile struct {
	profile.Options
	path string
}

func (o *profileFile) addFlags(cmd *cobra.Command, isProfile bool) *cobra.Command {
	cmd.Args = cobra.NoArgs
	cmd.Flags().StringVarP(&o.path, "output", "o", "", "`FILE` to write, or to replace, instead of stdout")
	if isProfile {
		cmd.Flags().StringVar(&o.Organization, "organization", "", "`NAME` of the organization that the profile is of")
	}
	return cmd
}

// write writes what was made.
func (o *profileFile) write(cmd *cobra.Command, content []byte, err error) error {
	if err != nil {
		return err
	}
	if o.path == "" {
		_, err = cmd.OutOrStdout().Write(content)
		return err
	}
	if err := safefile.WriteAtomic(o.path, content, 0o644); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	note(cmd, "wrote %s", o.path)
	return nil
}

func newProfileFDA() *cobra.Command {
	var o profileFile
	var signer profile.Signer
	cmd := o.addFlags(&cobra.Command{
		Use: "fda --team TEAMID", Short: "The profile that grants Full Disk Access",
		Long: `Writes the profile that gives Full Disk Access to the installed program, as long as the team
signed it. macOS takes it from a user-approved MDM alone. An agent that waits for the access
ends soon after it has arrived, and launchd starts it again with that.

A build that no team signed can have the access for each build by itself: --cdhash names the
hash of each slice, and the next build needs another profile.`,
		Example: `  hooksnare profile fda --team ABCDE12345 --organization "Example Inc." -o fda.mobileconfig
  hooksnare profile fda --cdhash 0123456789abcdef0123456789abcdef01234567`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			content, err := o.FullDiskAccess(signer)
			if err == nil && signer.Team == "" {
				note(cmd, "this grant is for one build alone: macOS takes it from the next one, until a profile with the hashes of that one is there")
			}
			return o.write(cmd, content, err)
		},
	}, true)
	cmd.Flags().StringVar(&signer.Team, "team", "", "`TEAMID` that signed the program")
	cmd.Flags().StringArrayVar(&signer.Hashes, "cdhash", nil, "`HASH` of a slice's code directory, for a build that no team signed; may be given again")
	return cmd
}

func newProfileBackground() *cobra.Command {
	var o profileFile
	var team string
	cmd := o.addFlags(&cobra.Command{
		Use: "background [--team TEAMID]", Short: "The profile that keeps the agent in the background",
		Long: `Writes the profile that approves the agent's launchd job in Login Items and keeps people from
turning it off there. macOS 13 and later takes it from a user-approved MDM alone. Without
--team it holds for any job of that label, whoever signed its program.`,
		Example: `  hooksnare profile background --team ABCDE12345 -o background.mobileconfig`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			content, err := o.BackgroundItem(team)
			return o.write(cmd, content, err)
		},
	}, true)
	cmd.Flags().StringVar(&team, "team", "", "`TEAMID` that signed the program")
	return cmd
}

func newProfileSettings() *cobra.Command {
	var o profileFile
	var file string
	var assigned []string
	cmd := o.addFlags(&cobra.Command{
		Use: "settings [--config FILE] [--set KEY=VALUE]", Short: "The profile that configures the agent",
		Long: `Writes the profile that configures the agent: the settings of a property list, or of another
profile, and over these each value that --set gives. The strings of a list are separated by
colons; a string of a dictionary is KEY.NAME=VALUE. Outputs and Exceptions have to be in the
property list.

Settings with a fault are refused, with all faults. Tokens and keys are only named by their
paths: the profile holds no secret.`,
		Example: `  hooksnare profile settings --config settings.plist --organization "Example Inc." -o settings.mobileconfig
  hooksnare profile settings --set SweepInterval=5 --set ExtraHomes=/Volumes/Homes/dana:/Volumes/Homes/kim`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkPath("config", file, fs.FileMode.IsRegular, "a file"); err != nil {
				return err
			}
			if file == "" && len(assigned) == 0 {
				return errors.New("profile settings: expected --config or --set: without any settings the defaults count, and no profile is needed")
			}
			s, faults := config.ReadSettings(config.Options{File: file}, assigned)
			if _, faults = checkup.Check(s.Config, s.Sources, faults, time.Now(), checkup.AnotherMac); faults != nil {
				return &exit{exitNotWell, fmt.Sprintf("%v\nno profile was written: faults: %d", faults, len(config.Faults(faults)))}
			}
			if _, isSet := s.Values["Exceptions"]; isSet && !slices.ContainsFunc(s.Config.Exceptions, func(x config.Exception) bool { return x.Require.JamfManaged }) {
				note(cmd, "these Exceptions replace the preset for Jamf Pro: an element {Preset = jamf} keeps it")
			}
			content, err := o.Settings(s.Values)
			return o.write(cmd, content, err)
		},
	}, true)
	cmd.Flags().StringVar(&file, "config", "", "property list or profile `FILE` to take the settings from")
	cmd.Flags().StringArrayVar(&assigned, "set", nil, "`KEY=VALUE` to set; may be given again")
	return cmd
}

func newProfileSchema() *cobra.Command {
	var o profileFile
	return o.addFlags(&cobra.Command{
		Use: "jamf-schema", Short: "The form for settings in Jamf Pro",
		Long: `Writes the JSON schema that makes a form of the settings in Jamf Pro: Application & Custom
Settings, External Applications, Custom Schema. The preference domain there is
` + config.Domain + `.`,
		Example: `  hooksnare profile jamf-schema -o hooksnare.json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			content, err := profile.JamfSchema(config.Keys())
			return o.write(cmd, content, err)
		},
	}, false)
}

func newProfileManifest() *cobra.Command {
	var o profileFile
	return o.addFlags(&cobra.Command{
		Use: "manifest", Short: "The form for settings in Profile Creator and iMazing",
		Long: `Writes the entry that makes a form of the settings in the editors that read ProfileManifests:
ProfileCreator and iMazing Profile Editor.`,
		Example: `  hooksnare profile manifest -o ` + config.Domain + `.plist`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			content, err := profile.Manifest(config.Keys(), builtAt())
			return o.write(cmd, content, err)
		},
	}, false)
}

// builtAt returns the time of the commit that this program was built from, that of its first
// release where it does not say.
func builtAt() time.Time {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if at, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
				return at
			}
		}
	}
	return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
}
