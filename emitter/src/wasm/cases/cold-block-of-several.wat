(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32 i32) (result i32)))
  (import "host" "fail" (func $fail (;0;) (type 0)))
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (func $main (;1;) (type 1) (param i32 i32) (result i32)
    block ;; label = @1
      local.get 0
      i32.eqz
      (@metadata.code.branch_hint "\00")
      if ;; label = @2
        i32.const 1
        local.set 0
        br 1 (;@1;)
      end
      local.get 1
      local.get 0
      i32.div_u
      local.tee 1
      local.get 0
      i32.gt_u
      (@metadata.code.branch_hint "\00")
      if ;; label = @2
        i32.const 2
        local.set 0
        br 1 (;@1;)
      end
      local.get 0
      local.get 1
      i32.sub
      return
    end
    local.get 0
    call $fail
    unreachable
  )
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
