package redact

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// fragments are parts of command lines that the rules and the lexer know.
var fragments = strings.Split(strings.Join([]string{
	"echo ,printf ,cat ,'%s\\n' ,sudo -S ,sudo -p ,| ,|,; ,&& ,(,), { , } ,$(,`,<<< ,<<A ,\nA\n,\n,< <(,2>/dev/null ,# ",
	"',\",\\,\\\",$',$X,${X},X=,PW=,TOKEN=,--password=,--password ,-p ,-p,-pP1,--token x1y2 ,pass:,[redacted],word ,a,b1c2d3 , ",
	"sh -c ,bash -lc ,sshpass ,mysql ,curl -u ,a:b ,-H ,Authorization: ,Bearer ,https://u:p@h/,//,@,?token=,&key=,password ,\"password\":,'x'",
	"defaults write ,LoginHook ,SomePassword ,-dict ,security import -P ,dscl . -passwd ,osascript -e ,do shell script ,launchctl setenv ",
	"\xff,é,\\x41,=,:,{LoginHook=,set :Password ,--,-,-S,while ,do ,done ,su ,docker login ",
}, ","), ",")

// TestRandom holds on lines of chance what holds on all: nothing is found twice, the
// arguments stay as they were, and what is no secret stays as it was.
func TestRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	lines := 2_000
	if os.Getenv("TEST_SLOW") != "" {
		lines = 50_000
	}
	for range lines {
		args := []string{[]string{"sh", "osascript", "x", "sudo", "curl"}[random.IntN(5)], "-c"}
		for range 1 + random.IntN(4) {
			var b strings.Builder
			for range 1 + random.IntN(12) {
				b.WriteString(fragments[random.IntN(len(fragments))])
			}
			args = append(args, b.String())
		}
		before := slices.Clone(args)
		out, n := Args(args)
		again, m := Args(out)
		if m != 0 || !slices.Equal(again, out) || !slices.Equal(args, before) || len(out) != len(args) {
			t.Fatalf("Args(%q):\ngot %d %q\nand then %d %q\nwant nothing more", before, n, out, m, again)
		}
		for i := range out {
			if !remains(out[i], args[i]) {
				t.Fatalf("Args(%q):\ngot %q, want what is left to be what was there", args, out)
			}
		}
	}
}

// remains reports whether a text is made of another by replacing parts by marks or
// taking them out.
func remains(text, of string) bool {
	for text != "" {
		if of != "" && text[0] == of[0] {
			text, of = text[1:], of[1:]
			continue
		}
		if rest, ok := strings.CutPrefix(text, Mark); ok && of != "" {
			text, of = rest, of[1:]
			continue
		}
		if of == "" {
			return strings.HasPrefix(text, Mark) && remains(text[len(Mark):], of)
		}
		of = of[1:]
	}
	return true
}
