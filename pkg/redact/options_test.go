package redact

import "testing"

func TestOptions(t *testing.T) {
	check(t, []redaction{
		line("mytool --password=SECRET1 --verbose", "mytool --password=[redacted] --verbose", 1),
		line("mytool --password SECRET1 x", "mytool --password [redacted] x", 1),
		line("mytool -Password SECRET1 --passwd SECRET2 --pass SECRET3", "mytool -Password [redacted] --passwd [redacted] --pass [redacted]", 3),
		line("mytool --passphrase SECRET1 --token=SECRET2 --secret SECRET3", "mytool --passphrase [redacted] --token=[redacted] --secret [redacted]", 3),
		line("mytool --api-key SECRET1 --apikey=SECRET2 --access-key SECRET3", "mytool --api-key [redacted] --apikey=[redacted] --access-key [redacted]", 3),
		line("mytool --client-secret=SECRET1 --db_password SECRET2", "mytool --client-secret=[redacted] --db_password [redacted]", 2),
		line("mytool -p SECRET1 x", "mytool -p [redacted] x", 1),
		line("mytool -p=SECRET1 x -pSECRET-2", "mytool -p=[redacted] x -p[redacted]", 2),
		line("mytool -pX1=x mysql -pSECRET1=x", "mytool -pX1=x mysql -p[redacted]", 1),
		line("mytool -p -SECRET-1- x", "mytool -p [redacted] x", 1).note("begins with a dash and is no option"),
		line("mytool -p 123456", "mytool -p [redacted]", 1),
		line("mytool zip git -p SECRET1", "mytool zip git -p [redacted]", 1),
		line("mytool -pSECRET1!", "mytool -p[redacted]", 1),
		line("mytool --from-literal=password=SECRET1", "mytool --from-literal=password=[redacted]", 1),
		{"an empty password, then one", []string{"mytool", "--password", "", "--password", "SECRET 1"}, []string{"mytool", "--password", "", "--password", "[redacted]"}, 1},
	})
}

func (r redaction) note(text string) redaction { r.name += ": " + text; return r }

func TestTools(t *testing.T) {
	check(t, []redaction{
		line("sshpass -p SECRET1 ssh -p 2222 me@host ls", "sshpass -p [redacted] ssh -p 2222 me@host ls", 1),
		line("sshpass -pSECRET scp -P 22 a b:", "sshpass -p[redacted] scp -P 22 a b:", 1),
		line("sudo -u x mysql -u root -pSECRET shop", "sudo -u x mysql -u root -p[redacted] shop", 1),
		line("docker exec db mysqldump -pSECRET shop", "docker exec db mysqldump -p[redacted] shop", 1),
		line("mysqladmin -u root password SECRET1", "mysqladmin -u root password [redacted]", 1),
		line("security add-generic-password -a me -s x -w SECRET1 -U", "security add-generic-password -a me -s x -w [redacted] -U", 1),
		line("security add-generic-password -p SECRET1 -a me", "security add-generic-password -p [redacted] -a me", 1),
		line("security add-internet-password -p /path -w SECRET1", "security add-internet-password -p /path -w [redacted]", 1),
		line("security unlock-keychain -p SECRET1 /x/login.keychain", "security unlock-keychain -p [redacted] /x/login.keychain", 1),
		line("security set-keychain-password -o SECRET1 -p SECRET2 x", "security set-keychain-password -o [redacted] -p [redacted] x", 2),
		line("security import x.p12 -k login.keychain -P SECRET1", "security import x.p12 -k login.keychain -P [redacted]", 1),
		line("security set-key-partition-list -S apple: -k SECRET1 x", "security set-key-partition-list -S apple: -k [redacted] x", 1),
		line("sysadminctl -addUser bob -password SECRET1 -adminUser al -adminPassword SECRET2", "sysadminctl -addUser bob -password [redacted] -adminUser al -adminPassword [redacted]", 2),
		line("sysadminctl -resetPasswordFor bob -newPassword SECRET1", "sysadminctl -resetPasswordFor bob -newPassword [redacted]", 1),
		line("dscl . -passwd /Users/bob SECRET1 SECRET2", "dscl . -passwd /Users/bob [redacted] [redacted]", 2),
		line("dscl -u al -P SECRET1 . -list /Users", "dscl -u al -P [redacted] . -list /Users", 1),
		line("dscl . authonly bob SECRET1", "dscl . authonly bob [redacted]", 1),
		line("dscl . -create /Users/bob Password SECRET1", "dscl . -create /Users/bob Password [redacted]", 1),
		line("dsenableroot -u al -p SECRET1 -r SECRET2", "dsenableroot -u al -p [redacted] -r [redacted]", 2),
		line("openssl enc -aes256 -k SECRET1 -in x", "openssl enc -aes256 -k [redacted] -in x", 1),
		line("openssl rsa -passin pass:SECRET1 -passout env:PW", "openssl rsa -passin pass:[redacted] -passout env:PW", 1),
		line("openssl pkcs12 -password pass:SECRET1", "openssl pkcs12 -password pass:[redacted]", 1),
		line("curl -u me:SECRET1 https://host/", "curl -u me:[redacted] https://host/", 1),
		line("curl -sSfu me:SECRET1 -U px:SECRET2 --user=me:SECRET3", "curl -sSfu me:[redacted] -U px:[redacted] --user=me:[redacted]", 3),
		line("curl -E c.pem:SECRET1 --proxy-user px:SECRET2", "curl -E c.pem:[redacted] --proxy-user px:[redacted]", 2),
		line("curl --oauth2-bearer SECRET1", "curl --oauth2-bearer [redacted]", 1),
		line("wget --password=SECRET1 --http-password SECRET2", "wget --password=[redacted] --http-password [redacted]", 2),
		line("jamf createAccount -username x -password SECRET1 -p SECRET2", "jamf createAccount -username x -password [redacted] -p [redacted]", 2),
		line("profiles -R -p com.x.y -z SECRET1", "profiles -R -p com.x.y -z [redacted]", 1),
		line("hdiutil attach x.dmg -passphrase SECRET1", "hdiutil attach x.dmg -passphrase [redacted]", 1),
		line("networksetup -setairportnetwork en0 Office SECRET1", "networksetup -setairportnetwork en0 Office [redacted]", 1),
		line("networksetup -setwebproxy Wi-Fi px 80 on me SECRET1", "networksetup -setwebproxy Wi-Fi px 80 on me [redacted]", 1),
		line("launchctl setenv MY_TOKEN SECRET1 LANG C", "launchctl setenv MY_TOKEN [redacted] LANG C", 1),
		line("docker login -u x -p SECRET1 registry", "docker login -u x -p [redacted] registry", 1),
		line("htpasswd -cb f me SECRET1", "htpasswd -cb f me [redacted]", 1),
		line("ssh-keygen -N SECRET1 -f k", "ssh-keygen -N [redacted] -f k", 1),
		line("7z a -pSECRET x.7z f", "7z a -p[redacted] x.7z f", 1),
		line("xcrun altool -u x -p SECRET1", "xcrun altool -u x -p [redacted]", 1),
		line("/usr/local/bin/SSHPASS -p SECRET1 x", "/usr/local/bin/SSHPASS -p [redacted] x", 1),
		line("defaults write com.x SomePassword SECRET1", "defaults write com.x SomePassword [redacted]", 1),
		line("defaults -currentHost write -app Foo apiToken -string SECRET1", "defaults -currentHost write -app Foo apiToken -string [redacted]", 1),
		line("defaults write com.x Account -dict user me password SECRET1", "defaults write com.x Account -dict user me password [redacted]", 1),
		line("plutil -replace Account.Password -string SECRET1 /x.plist", "plutil -replace Account.Password -string [redacted] /x.plist", 1),
		{"PlistBuddy", []string{"/usr/libexec/PlistBuddy", "-c", "Set :Account:Password SECRET 1", "-c", "Add :Token string SECRET2", "/x.plist"},
			[]string{"/usr/libexec/PlistBuddy", "-c", "Set :Account:Password [redacted]", "-c", "Add :Token string [redacted]", "/x.plist"}, 2},
	})
}

func TestContents(t *testing.T) {
	check(t, []redaction{
		line("env PGPASSWORD=SECRET1 AWS_SECRET_ACCESS_KEY=SECRET2 psql -p 5432", "env PGPASSWORD=[redacted] AWS_SECRET_ACCESS_KEY=[redacted] psql -p 5432", 2),
		line("docker run -p 80:80 -e GITHUB_TOKEN=SECRET1 -e DB_PASS=SECRET2 img", "docker run -p 80:80 -e GITHUB_TOKEN=[redacted] -e DB_PASS=[redacted] img", 2),
		line("x MY_API_KEY=SECRET1 apikey=SECRET2 SSH_PRIVATE_KEY=SECRET3", "x MY_API_KEY=[redacted] apikey=[redacted] SSH_PRIVATE_KEY=[redacted]", 3),
		line("git clone https://me:SECRET1@host/repo.git", "git clone https://me:[redacted]@host/repo.git", 1),
		line("mount_smbfs //me:SECRET@1@host/share /mnt", "mount_smbfs //me:[redacted]@host/share /mnt", 1),
		line("redis-cli -u redis://:SECRET1@host:6379/0", "redis-cli -u redis://:[redacted]@host:6379/0", 1),
		line("curl https://host/x?user=me&token=SECRET1&page=2#top", "curl https://host/x?user=me&token=[redacted]&page=2#top", 1),
		{"headers", []string{"curl", "-H", "Authorization: Bearer SECRET1", "-HX-Api-Key: SECRET2", "--header=Private-Token: SECRET3", "-H", "Accept: */*"},
			[]string{"curl", "-H", "Authorization: Bearer [redacted]", "-HX-Api-Key: [redacted]", "--header=Private-Token: [redacted]", "-H", "Accept: */*"}, 3},
		{"basic", []string{"http", "Authorization: Basic SECRET1=="}, []string{"http", "Authorization: Basic [redacted]"}, 1},
		{"JSON", []string{"curl", "-d", `{"user":"me","password":"SECRET1","n":1}`}, []string{"curl", "-d", `{"user":"me","password":"[redacted]","n":1}`}, 1},
		{"form", []string{"curl", "-d", "user=me&password=SECRET1&x=1"}, []string{"curl", "-d", "user=me&password=[redacted]&x=1"}, 1},
		{"connection", []string{"psql", "host=db password=SECRET1 user=me"}, []string{"psql", "host=db password=[redacted] user=me"}, 1},
		{"words of a value", []string{"env", "PASSWORD=SECRET 1", "ls"}, []string{"env", "PASSWORD=[redacted]", "ls"}, 1},
		sh("quoted value", `export PASSWORD="SECRET 1"; mytool --token='SECRET2' -x`, `export PASSWORD="[redacted]"; mytool --token='[redacted]' -x`, 2),
		sh("quoted word", `mytool "--password=SECRET 1" 'X_TOKEN=SECRET2'`, `mytool "--password=[redacted]" 'X_TOKEN=[redacted]'`, 2),
		sh("no variable in single quotes", `mytool --password='$SECRET1'`, `mytool --password='[redacted]'`, 1),
		sh("a script that begins with one", "PASSWORD=SECRET1; sudo -S defaults write com.apple.loginwindow LoginHook /x", "PASSWORD=[redacted]; sudo -S defaults write com.apple.loginwindow LoginHook /x", 1),
		{"over ssh", []string{"ssh", "host", "PASSWORD=SECRET1 defaults write com.apple.loginwindow LoginHook /x"},
			[]string{"ssh", "host", "PASSWORD=[redacted] defaults write com.apple.loginwindow LoginHook /x"}, 1},
		{"invalid UTF-8", []string{"x\xff", "--password=SECRET\xfe1", "\xc3"}, []string{"x\xff", "--password=[redacted]", "\xc3"}, 1},
	})
}
