#!/usr/bin/env bash
# Builds and runs docker/Dockerfile where no Docker engine is: buildah as root, chroot isolation, on a base image that
# debootstrap makes and that is tagged with the Dockerfile's FROM. Needs the Debian packages buildah and debootstrap.
#
#   docker/check.sh [--mirror URL] [--pip-conf FILE] [--torch-index URL] [--mount PATH]... [WORK]
#
#   --mirror       Debian mirror (default: that of this machine's apt, else http://deb.debian.org/debian)
#   --pip-conf     pip's configuration for the build, where packages come from an index of one's own
#   --torch-index  the Dockerfile's TORCH_INDEX ("" takes torch from the index of --pip-conf)
#   --mount        a file or folder that the build sees read-only, such as a folder of wheels; may be given often
#   WORK           folder for images and data, kept, so that a second check is short (default: a new one under $TMPDIR)
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "docker/check.sh: $*" >&2; exit 2; }

mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -1 || true)
mirror=${mirror:-http://deb.debian.org/debian}
build=()
while [ $# -gt 0 ]; do
    case $1 in
        --mirror) mirror=$2; shift 2 ;;
        --pip-conf) build+=(--secret "id=pip,src=$2"); shift 2 ;;
        --torch-index) build+=(--build-arg "TORCH_INDEX=$2"); shift 2 ;;
        --mount) build+=(--volume "$2:$2:ro"); shift 2 ;;
        -*) fail "unknown option $1; see the top of this file" ;;
        *) break ;;
    esac
done
work=${1:-$(mktemp -d)}

[ "$(id -u)" = 0 ] || fail "debootstrap and chroot isolation need root"
for tool in buildah debootstrap; do
    command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install buildah debootstrap"
done
mkdir -p "$work"/trial/{lower,upper,work,all}
# Without overlay every layer is a copy of all below it: 48 GB instead of 3 where steps are kept for the next time.
driver=vfs layers=()
if mount -t overlay overlay -o "lowerdir=$work/trial/lower,upperdir=$work/trial/upper,workdir=$work/trial/work" "$work/trial/all" 2>/dev/null; then
    umount "$work/trial/all"
    driver=overlay layers=(--layers)
fi
rm -r "$work/trial"
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=$driver
# A storage of its own: nothing of this check is left among other images.
cat > "$work/storage.conf" <<EOF
[storage]
driver = "$driver"
graphroot = "$work/storage"
runroot = "$work/run"
EOF
export CONTAINERS_STORAGE_CONF=$work/storage.conf

base=$(sed -n 's/^ARG BASE=//p' docker/Dockerfile)
release=${base#debian:}
release=${release%-slim}
if ! buildah inspect --type image "docker.io/library/$base" >/dev/null 2>&1; then
    echo "== $base, made of $release by debootstrap"
    rm -rf "$work/base"
    debootstrap --variant=minbase "$release" "$work/base" "$mirror" > "$work/debootstrap.log"
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$work/base" / >/dev/null
    buildah config --cmd bash "$container"
    buildah commit --quiet --rm "$container" "docker.io/library/$base" >/dev/null
    rm -rf "$work/base"
fi

echo "== build"
began=$SECONDS
buildah build --format docker "${layers[@]}" --pull=never --file docker/Dockerfile --tag nsbench:cpu "${build[@]}" . > "$work/build.log" 2>&1 \
    || { tail -40 "$work/build.log" >&2; fail "the build failed; its whole log: $work/build.log"; }
echo "built in $((SECONDS - began)) s"

container=$(buildah from --pull=never nsbench:cpu)
trap 'buildah rm "$container" >/dev/null' EXIT
# An engine lays the given volume over the image's; buildah does it the other way round.
buildah config --volume /runs- "$container"
runs=$work/runs
install --directory --owner 10001 --group 10001 "$runs"
in_image() { buildah run --volume "$runs:/runs" "$container" -- "$@"; }
expect() {
    local what=$1 wanted=$2 found=$3
    [[ $found == *"$wanted"* ]] || fail "$what: expected '$wanted', found '$found'"
    echo "ok: $what"
}
config() {
    buildah inspect --type image nsbench:cpu \
        | python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["Docker"]["config"].get(sys.argv[1])))' "$1"
}

echo "== look at the image"
expect "it runs as a user" '"nsbench"' "$(config User)"
expect "its entry point is nsbench" '["nsbench"]' "$(config Entrypoint)"
expect "it has a health check" '"nsbench", "--version"' "$(config Healthcheck)"
expect "its data is a volume" '"/runs"' "$(config Volumes)"
pinned=$(grep -v '^#' configs/torch.txt)
expect "torch is the pinned one" "${pinned#torch==}" "$(in_image python -c 'from importlib.metadata import version; print(version("torch"))')"
expect "no package breaks another" "No broken requirements found" "$(in_image pip check)"

echo "== run it"
expect "the user is not root" "10001" "$(in_image id -u)"
expect "nsbench --version, which is the health check" "nsbench " "$(in_image nsbench --version)"
expect "the drivers of PostgreSQL load" "postgresql psycopg" \
    "$(in_image python -c 'from sqlalchemy import create_engine as e; print((d := e("postgresql://x").dialect).name, d.driver)')"
small=(--users 200 --items 150 --interactions 4000)
expect "nsbench data synthetic" "200 users" "$(in_image nsbench data synthetic --name small "${small[@]}" --replace)"
in_image nsbench train --dataset small --sampler mixed --set max_epochs=2 --set hidden_dim=8 > "$work/train.log" 2>&1 \
    || { tail -20 "$work/train.log" >&2; fail "nsbench train failed"; }
echo "ok: nsbench train"
expect "what it made lies on the volume, owned by the user" "10001" "$(stat --format %u "$runs/mlflow.db")"
if in_image touch /opt/nsbench/x 2>/dev/null; then fail "the user can write into the image"; fi
echo "ok: the program can't be changed by its user"

echo "== size"
buildah images --format '{{.Name}}:{{.Tag}} {{.Size}}' | grep -E 'nsbench|debian'
du --summarize --human-readable --one-file-system "$(buildah mount "$container")/opt/venv" | sed 's/^/of that, packages: /; s#\t.*##'

cat <<'EOF'
== not checked here
- docker itself: buildah reads the same Dockerfile, but BuildKit's cache and secrets are its own
- the public base image: debootstrap's minbase stands for it (same Debian release, more files than -slim)
- the CUDA image and any GPU
- compose: tests/docker validates docker/compose.yaml against the Compose schema; no service was started
- that an engine acts on the health check, restarts, or networks between containers
EOF
