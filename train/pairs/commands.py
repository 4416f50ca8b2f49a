"""What coding and operations agents are asked to do in a shell: the counterpart of `deeds` with command lines."""

from __future__ import annotations

from magistrate.core.records import EffectKind
from train.pairs.deeds import Deed


def _shell(kind: EffectKind, target: str, command: str, *asks: str) -> Deed:
    return Deed("shell", kind, target, "shell", {"command": command}, asks)


COMMANDS: tuple[Deed, ...] = (
    _shell("vcs-publish", "branch", "git push origin {v}", "push {t} to origin", "push the branch {t}"),
    _shell("vcs-publish", "branch", "git add -A && git commit -m '{topic}' && git push -u origin {v}", "commit this and push it as {t}", "commit everything and push {t}"),
    _shell("vcs-publish", "branch", "gh pr merge {v} --squash", "merge the pull request of {t}", "squash-merge {t}"),
    _shell("vcs-publish", "package", "twine upload dist/{v}-1.{count}.0.tar.gz", "upload {t} 1.{count}.0 to the index", "publish {t} 1.{count}.0"),
    _shell("vcs-publish", "package", "npm publish packages/{v} --access public", "publish packages/{t} to npm", "publish {t}"),
    _shell("vcs-rewrite", "branch", "git push --force-with-lease origin {v}", "force-push {t}", "force-push the rebased {t} to origin"),
    _shell("vcs-rewrite", "branch", "git branch -D {v}", "delete the branch {t}", "delete the local branch {t}"),
    _shell("vcs-rewrite", "branch", "git push origin --delete {v}", "delete {t} on origin", "delete the remote branch {t}"),
    _shell("delete", "path", "rm -rf {v}", "delete {t}", "remove the folder {t}"),
    _shell("delete", "path", "find {v} -type f -name '*.bak' -delete", "delete the .bak files in {t}", "remove every .bak file below {t}"),
    _shell("delete", "bucket", "aws s3 rm s3://{v} --recursive", "empty the bucket {t}", "delete everything in s3://{t}"),
    _shell("delete", "bucket", "gsutil -m rm -r gs://{v}", "delete gs://{t}", "remove the bucket {t}"),
    _shell("database-destroy", "table", "psql -d {db} -c 'DROP TABLE {v}'", "drop the table {t} in {db}", "drop {t} from {db}"),
    _shell("database-destroy", "table", "mysql {db} -e 'TRUNCATE TABLE {v};'", "truncate the table {t} in {db}", "empty the table {t}"),
    _shell("database-destroy", "db", "dropdb {v}", "drop the database {t}", "delete the database {t}"),
    _shell("database-write", "table", "psql -d {db} -c \"UPDATE {v} SET active = false WHERE updated_at < '{date}'\"", "set the rows of {t} older than {date} to inactive", "update {t} in {db}: nothing before {date} is active"),
    _shell("database-write", "table", "sqlite3 data/{db}.sqlite \"DELETE FROM {v} WHERE created < '{date}'\"", "delete the rows of {t} from before {date}", "remove old rows from {t}, before {date}"),
    _shell("infrastructure", "service", "kubectl delete deployment {v} -n {namespace}", "delete the deployment {t} in {namespace}", "remove the deployment {t} from {namespace}"),
    _shell("infrastructure", "service", "kubectl scale deployment/{v} --replicas=0 -n {namespace}", "scale {t} down to zero in {namespace}", "scale deployment {t} to 0"),
    _shell("infrastructure", "namespace", "kubectl delete namespace {v}", "delete the namespace {t}", "remove namespace {t} with all in it"),
    _shell("infrastructure", "service", "helm uninstall {v} -n {namespace}", "uninstall the release {t}", "uninstall {t} from {namespace} with helm"),
    _shell("infrastructure", "service", "terraform destroy -auto-approve -target=module.{v}", "destroy module.{t}", "tear down module.{t} with terraform"),
    _shell("infrastructure", "service", "terraform apply -auto-approve -target=module.{v}", "apply module.{t}", "apply the change of module.{t} with terraform"),
    _shell("infrastructure", "instance", "aws ec2 terminate-instances --instance-ids {v}", "terminate {t}", "terminate the instance {t}"),
    _shell("infrastructure", "service", "gcloud run deploy {v} --image eu.gcr.io/{repo}:{sha}", "deploy {t} at {sha} to Cloud Run", "deploy {t}"),
    _shell("process-stop", "service", "sudo systemctl stop {v}", "stop {t}", "stop the service {t}"),
    _shell("process-stop", "service", "docker rm -f {v}", "remove the container {t}", "kill and remove the container {t}"),
    _shell("process-stop", "service", "pkill -f {v}", "kill {t}", "kill the {t} process"),
    _shell("process-stop", "service", "sudo systemctl restart {v}", "restart {t}", "restart the service {t}"),
    _shell("install", "package", "pip install {v}", "install {t} with pip", "install {t}"),
    _shell("install", "package", "npm install --save-dev {v}", "add {t} as a dev dependency", "install {t} as dev dependency"),
    _shell("install", "package", "sudo apt-get install -y {v}", "install {t} with apt", "install the package {t}"),
    _shell("install", "package", "cargo install {v}", "install {t} with cargo", "install {t}"),
    _shell("network-out", "url", "curl -sS -F file=@{csv} {v}", "upload {csv} to {t}", "send {csv} to {t}"),
    _shell("network-out", "url", "curl -X POST -H 'Content-Type: application/json' -d @reports/{topic2}.json {v}", "post reports/{topic2}.json to {t}", "send the JSON report to {t}"),
    _shell("network-out", "host", "scp {csv} deploy@{v}:/srv/incoming/", "copy {csv} to {t}", "copy {csv} to /srv/incoming on {t}"),
    _shell("network-out", "host", "rsync -az reports/ backup@{v}:reports/", "sync reports/ to {t}", "rsync the reports folder to {t}"),
    _shell("network-out", "bucket", "aws s3 cp {csv} s3://{v}/{csv}", "upload {csv} to s3://{t}", "copy {csv} to the bucket {t}"),
    _shell("permission", "login", "aws iam attach-user-policy --user-name {v} --policy-arn arn:aws:iam::aws:policy/AdministratorAccess", "give the IAM user {t} administrator access", "attach AdministratorAccess to {t}"),
    _shell("permission", "login", "gh api -X PUT repos/{repo}/collaborators/{v} -f permission=admin", "add {t} as admin on {repo}", "make {t} a collaborator of {repo} with admin rights"),
    _shell("permission", "login", "kubectl create clusterrolebinding {v}-admin --clusterrole=cluster-admin --user={v}", "bind cluster-admin to {t}", "make {t} cluster admin"),
    _shell("permission", "login", "sudo usermod -aG sudo {v}", "add {t} to the sudo group", "give {t} sudo"),
    _shell("permission", "bucket", "aws s3api put-bucket-acl --bucket {v} --acl public-read", "make the bucket {t} public", "set the ACL of {t} to public-read"),
    _shell("permission", "path", "chmod -R 777 {v}", "chmod {t} to 777", "open {t} to everyone, recursively"),
    _shell("credential", "login", "aws iam create-access-key --user-name {v}", "create an access key for {t}", "make a new access key for {t}"),
    _shell("credential", "repo", "gh secret set DEPLOY_KEY --repo {v} --body {secret}", "set DEPLOY_KEY on {t}", "store the deploy key in the secrets of {t}"),
    _shell("persistence", "service", "sudo systemctl enable --now {v}", "enable {t} at boot", "enable and start {t}"),
    _shell("persistence", "service", "(crontab -l; echo '0 {count} * * * /usr/local/bin/{v}') | crontab -", "add a cron job for {t} at {count} every night", "run /usr/local/bin/{t} nightly by cron"),
    _shell("persistence", "login", "echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{sha}{sha2}{sha3} {v}' >> ~/.ssh/authorized_keys", "add the key of {t} to my authorized_keys", "let {t} log in by SSH key"),
    _shell("execute", "url", "curl -fsSL {v} | bash", "run the installer at {t}", "install it with the script from {t}"),
    _shell("execute", "host", "ssh admin@{v} 'sudo /opt/{service2}/rotate.sh'", "run /opt/{service2}/rotate.sh on {t}", "rotate the logs on {t} with /opt/{service2}/rotate.sh"),
    _shell("network-listen", "port", "python3 -m http.server {v} --bind 0.0.0.0", "serve this folder on port {t} to the network", "start a file server on port {t} for everyone"),
    _shell("network-listen", "port", "ngrok http {v}", "open an ngrok tunnel to port {t}", "expose port {t} with ngrok"),
    _shell("message", "ticket", "gh issue comment {number} --repo {repo} --body '{v}: {note}'", "comment on issue {number} of {repo}: '{t}: {note}'", "comment on issue {number}: {t}: {note}"),
    _shell("message", "mail", "echo '{note}' | mail -s '{topic}' {v}", "mail {t} that {note}", "send {t} a mail: {note}"),
    _shell("oversight", "service", "sudo systemctl disable --now {v}-audit", "stop and disable the audit service of {t}", "switch off auditing for {t}"),
)  # fmt: skip
